//! The witness's server: two addresses, the rules of `testigo_ledger::witness` behind them. It logs nothing about who asks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use testigo_archive::WitnessFiles;
use testigo_ledger::witness::LONGEST_REQUEST;
use testigo_ledger::{Witness, WitnessAnswer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::now;
use crate::{note, say};

/// So many connections at a time; more wait until one ends.
const CONNECTIONS: usize = 256;

/// A client that takes longer to send its request is let go.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

const TEXT: &str = "text/plain; charset=utf-8";

type Served = Arc<Witness<WitnessFiles>>;

/// Serves until the process is told to stop. Says where it listens on standard output.
pub fn serve(witness: Witness<WitnessFiles>, listen: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let listener =
            listener.with_context(|| format!("cannot listen on {listen}\nhint: choose another with --listen"))?;
        say!("listening on http://{}", listener.local_addr()?);
        let served = Arc::new(witness);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::select! {
            ended = accept(listener, served, places) => ended,
            told = told_to_stop() => told,
        }
    })
}

async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

async fn accept(listener: TcpListener, witness: Served, places: Arc<Semaphore>) -> Result<()> {
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or the client went away: others may still come.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let witness = Arc::clone(&witness);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&witness), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
}

async fn answer(witness: Served, request: Request<Incoming>) -> Result<Response<Whole>, Infallible> {
    let path = request.uri().path().to_owned();
    let answered = match (request.method(), path.as_str()) {
        (&Method::POST, "/add-checkpoint") => add_checkpoint(witness, request.into_body()).await,
        (&Method::GET, path) => match path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint")) {
            Some(origin_hash) => latest(witness, origin_hash.to_owned()).await,
            None => text(404, "a witness answers POST /add-checkpoint and GET /<SHA-256 of a log's name>/checkpoint\n"),
        },
        (_, "/add-checkpoint") => text(405, "only POST is answered here\n"),
        _ => text(405, "only GET is answered here\n"),
    };
    Ok(sent(answered))
}

async fn add_checkpoint(witness: Served, body: Incoming) -> WitnessAnswer {
    let read = tokio::time::timeout(REQUEST_TIMEOUT, read_body(body)).await;
    let Ok(Ok(body)) = read else {
        return text(400, "the request is longer or slower than a witness waits for\n");
    };
    // Reading and writing what is remembered blocks.
    let judged = tokio::task::spawn_blocking(move || witness.answer_add_checkpoint(&body, now())).await;
    let answer = judged.unwrap_or_else(|_| text(500, "the witness failed; nothing was cosigned\n"));
    if answer.status == 500 {
        note!("error: {}", String::from_utf8_lossy(&answer.body).trim_end());
    }
    answer
}

async fn latest(witness: Served, origin_hash: String) -> WitnessAnswer {
    let found = tokio::task::spawn_blocking(move || witness.latest(&origin_hash)).await;
    match found {
        Ok(Ok(Some(note))) => WitnessAnswer { status: 200, content_type: TEXT, body: note },
        Ok(Ok(None)) => text(404, "this witness has cosigned no checkpoint of such a log\n"),
        Ok(Err(_)) | Err(_) => text(500, "what this witness remembers cannot be read\n"),
    }
}

async fn read_body(mut body: Incoming) -> Result<Vec<u8>, ()> {
    let mut whole = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.map_err(drop)?.into_data() {
            if whole.len() + data.len() > LONGEST_REQUEST {
                return Err(());
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole)
}

fn text(status: u16, text: &str) -> WitnessAnswer {
    WitnessAnswer { status, content_type: TEXT, body: text.as_bytes().to_vec() }
}

fn sent(answer: WitnessAnswer) -> Response<Whole> {
    let mut response = Response::new(Whole(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// All of an answer, taken when sent.
struct Whole(Bytes);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.get_mut().0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }
}
