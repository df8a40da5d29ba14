//! The rights of who sets up.

/// How packages of the distribution can be installed without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// The user is root.
    Root,
    /// sudo asks for no password.
    Sudo,
}
