//! The program of the worker that reads what people bring: settings in any form. A program of its own, so that it is sent only
//! to those who bring something.

fn main() {
    std::panic::set_hook(Box::new(highwater_web::panics::tell));
    highwater_web::worker::start(highwater_web::worker::reading);
}
