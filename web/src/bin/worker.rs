//! The program that runs in the page's worker.

fn main() {
    console_error_panic_hook::set_once();
    highwater_web::worker::start();
}
