//! Every cause has its finding: its kind, its bytes, and remedies that do in a run what they promise; and a program without
//! the cause has not the finding.

mod cached;
mod churn;
mod fragments;
mod huge_pages;
#[path = "../lines/mod.rs"]
mod lines;
mod pages;
mod plain;
mod program;
mod random;
mod threads;
mod threshold;
