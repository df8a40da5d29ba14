//! A web server for a built page, on a free port of this machine.

use std::{
    mem,
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use http::{HeaderName, HeaderValue};
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tower_http::services::ServeDir;

/// What a server says with a file, by its path from the server's root.
pub(crate) type Headers = fn(path: &str) -> Vec<(&'static str, String)>;

/// A file that a browser asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// From the server's root, with a slash before it.
    pub(crate) path: String,
    /// 200 where the file was sent, 304 where the browser was told that it has it.
    pub(crate) status: u16,
}

/// A served folder, until it is dropped.
pub(crate) struct Site {
    /// Where it is, with a slash at the end.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _stop: oneshot::Sender<()>,
}

impl Site {
    /// Serves a folder.
    pub(crate) fn serve(folder: &Path) -> Result<Self> {
        Self::serve_with(folder, |_| Vec::new())
    }

    /// Serves a folder, each file with its headers.
    pub(crate) fn serve_with(folder: &Path, headers: Headers) -> Result<Self> {
        ensure!(
            folder.is_dir(),
            "{} is not there: `cargo xtask test` builds it",
            folder.display()
        );
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .context("no free port")?;
        let address = format!("http://{}/", listener.local_addr()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let router =
            Router::new()
                .fallback_service(ServeDir::new(folder))
                .layer(middleware::from_fn(move |request, next| {
                    answer(request, next, headers, Arc::clone(&noted))
                }));
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            address,
            asked,
            _stop: stop,
        })
    }

    /// What was asked for since this was asked last.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers with the file and its headers, and notes what was asked for.
async fn answer(
    request: Request,
    next: Next,
    headers: Headers,
    noted: Arc<Mutex<Vec<Asked>>>,
) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    for (name, value) in headers(&path) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    let status = response.status().as_u16();
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    noted.push(Asked { path, status });
    response
}
