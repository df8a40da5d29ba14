//! Messages cross between page and worker without losing a bit. Only in WebAssembly are there JavaScript values to cross as.
#![cfg(target_arch = "wasm32")]

use highwater_simulator::{Address, Bytes, Cores, Micros, Variable, Variant};
use highwater_web::{
    protocol::{Ask, Calls, JobId, Order, Request, Response, StageOrder, Work},
    wire::{Attachments, pack, unpack},
};
use highwater_workload::Pattern;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

// Where the page runs it, too.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn comes_back<M: Serialize + DeserializeOwned + PartialEq + Debug>(message: &M) {
    let packed = pack(message, Attachments::default()).expect("it has a form");
    let (back, _) = unpack::<M>(&packed.parts).expect("the form is that of a message");
    assert_eq!(&back, message);
}

#[wasm_bindgen_test]
fn requests_come_back_as_they_went() {
    for ask in [
        Ask::Why,
        Ask::Blocks {
            from: Address(0),
            to: Address(u64::MAX),
        },
        Ask::Figures,
        Ask::Without {
            pins: vec![Address(1 << 53), Address((1 << 53) + 1)],
        },
    ] {
        comes_back(&Request::Start {
            job: JobId(7),
            work: Work::Look {
                order: order(),
                stage: 1,
                first_event: 5,
                begins: Micros(6),
                event: u64::MAX,
                time: Micros((1 << 53) + 1),
                ask,
            },
        });
    }
    comes_back(&Request::Cancel {
        job: JobId(u32::MAX),
    });
}

#[wasm_bindgen_test]
fn responses_come_back_as_they_went() {
    let job = JobId(0);
    for response in [
        Response::Ready {
            version: String::new(),
        },
        Response::Progress {
            job,
            done: f64::MIN_POSITIVE,
        },
        Response::Failed {
            job,
            message: "line 3: \u{0} Grüße \u{1f9ea}".to_owned(),
        },
        Response::Cancelled { job },
    ] {
        comes_back(&response);
    }
}

#[wasm_bindgen_test]
fn attachments_are_handed_over_and_not_copied() {
    let mut attachments = Attachments::default();
    let column = attachments.push_u32(&[1, u32::MAX]);
    let message = Request::Cancel { job: JobId(1) };
    let packed = pack(&message, attachments).expect("it has a form");
    assert_eq!(packed.transfer.length(), 1);
    let (_, attachments) = unpack::<Request>(&packed.parts).expect("it is a message");
    assert_eq!(attachments.u32(column), [1, u32::MAX]);
}

#[wasm_bindgen_test]
fn what_is_no_message_is_an_error() {
    for value in [
        JsValue::NULL,
        JsValue::from_str("Ready"),
        js_sys::Array::new().into(),
        js_sys::Array::of1(&JsValue::from_f64(1.0)).into(),
        js_sys::Array::of2(&JsValue::from_str("Ready"), &JsValue::NULL).into(),
    ] {
        assert!(unpack::<Response>(&value).is_err(), "{value:?}");
    }
}

fn order() -> Order {
    let variant = Variant {
        environment: vec![Variable {
            name: "MALLOC_CONF".to_owned(),
            value: String::new(),
        }],
        cap: Some(Bytes(u64::MAX)),
        cores: Some(Cores {
            online: 8,
            allowed: 3,
        }),
        seed: Some(u64::MAX),
        ..Variant::default()
    };
    let stage = |calls| StageOrder {
        name: "a stage".to_owned(),
        calls,
        workers: 64,
        variant: variant.clone(),
    };
    let pattern = Calls::Pattern {
        pattern: Pattern::AsyncFanOut,
        values: vec![0.0, -1.5, 1e300],
    };
    Order {
        stages: vec![stage(Calls::Trace(2)), stage(pattern)],
    }
}
