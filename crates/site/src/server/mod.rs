//! The live server: answers from one state of the count at a time, follows the ledger, and tells open pages of news.
//!
//! Nothing about a visitor is logged or stored, no address and no request.

mod answer;
mod body;
mod cache;
mod follow;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use testigo_archive::{ArchiveError, ArchiveReader};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::source::{Source, SourceError, open_view};
use answer::Server;
use cache::Edition;
use follow::Follower;

/// So many connections at a time; more wait until one ends.
const CONNECTIONS: usize = 8_192;

/// A client that takes longer to send the head of a request, or to send the next one, is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest head of a request, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// So long may open answers take when the server is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Threads for drawing and compressing pages.
const DRAWING_THREADS: usize = 8;

/// Why the site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The directory is no archive that can be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The ledger cannot be folded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {error}; choose another address with --listen")]
    Listen {
        /// As asked for.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// No threads, no signals, no standard output.
    #[error("the server cannot be started: {0}")]
    Start(#[from] std::io::Error),
}

/// A running server.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
    follower: Follower,
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets open answers end, then stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.ended.await;
        self.follower.stop();
    }
}

/// Serves the archive in a directory until the process is told to stop (SIGINT or SIGTERM). Says where it listens on
/// standard output.
///
/// # Errors
/// When the archive cannot be read or the address cannot be listened on.
pub fn serve(directory: &Path, listen: SocketAddr) -> Result<(), ServeError> {
    let reader = ArchiveReader::open(directory)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(DRAWING_THREADS).build()?;
    runtime.block_on(async {
        let handle = start(Arc::new(reader), listen).await?;
        let mut output = std::io::stdout();
        writeln!(output, "listening on http://{}", handle.address())?;
        output.flush()?;
        told_to_stop().await?;
        handle.stop().await;
        Ok(())
    })
}

/// Starts a server over a source, within the caller's runtime.
///
/// # Errors
/// When the ledger cannot be folded or the address cannot be listened on.
pub async fn start(source: Arc<dyn Source>, listen: SocketAddr) -> Result<Handle, ServeError> {
    let listener = TcpListener::bind(listen).await.map_err(|error| ServeError::Listen { address: listen, error })?;
    let address = listener.local_addr()?;
    let opened = Arc::clone(&source);
    let view =
        tokio::task::spawn_blocking(move || open_view(opened.as_ref())).await.map_err(std::io::Error::other)??;
    let (editions, edition) = watch::channel(Arc::new(Edition::new(view)));
    let follower = Follower::start(Arc::clone(&source), editions)?;
    let (stop, stopped) = watch::channel(false);
    let server = Arc::new(Server::new(source, edition, stopped.clone()));
    let ended = tokio::spawn(accept(listener, server, stopped));
    Ok(Handle { address, stop, ended, follower })
}

async fn accept(listener: TcpListener, server: Arc<Server>, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stopped.changed() => break,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of file descriptors, or the client went away: others may still come.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stopped.changed() => break,
        };
        let _ = stream.set_nodelay(true);
        let server = Arc::clone(&server);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, std::convert::Infallible>(server.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A broken connection is the client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
}

#[cfg(unix)]
async fn told_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
