//! A web server for the built page, on a free port of this machine.

use std::{net::Ipv4Addr, path::Path, thread};

use anyhow::{Context, Result, ensure};
use axum::Router;
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tower_http::services::ServeDir;

/// A served folder, until it is dropped.
pub(crate) struct Site {
    /// Where it is, with a slash at the end.
    pub(crate) address: String,
    _stop: oneshot::Sender<()>,
}

impl Site {
    /// Serves a folder.
    pub(crate) fn serve(folder: &Path) -> Result<Self> {
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
        let router = Router::new().fallback_service(ServeDir::new(folder));
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
            _stop: stop,
        })
    }
}
