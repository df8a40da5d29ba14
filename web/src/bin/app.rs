//! The program that runs in the page.

fn main() {
    console_error_panic_hook::set_once();
    yew::Renderer::<highwater_web::app::App>::new().render();
}
