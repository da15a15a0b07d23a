//! Accepting connections and serving requests on them until the tenant is stopped.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::dispatch::dispatch;
use super::http::{Reply, Request};
use super::{Shared, lock};
use crate::SandboxError;
use crate::dirsync::failure;

/// Largest request body.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// So much of a larger body is read and thrown away, so that the client has sent everything when it is told.
const MAX_DISCARDED: usize = 1024 * 1024 * 1024;
/// How long open connections may finish their request after a stop.
const GRACE: Duration = Duration::from_secs(5);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The opened sockets.
pub(super) struct Listeners {
    pub(super) http: TcpListener,
    pub(super) https: TcpListener,
    pub(super) tls: Arc<ServerConfig>,
}

/// Starts the tenant's thread.
pub(super) fn spawn(
    shared: Arc<Shared>,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, SandboxError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("sandbox-request")
        .max_blocking_threads(4)
        .build()
        .map_err(SandboxError::Thread)?;
    let (http, https) = {
        let _entered = runtime.enter();
        (
            tokio::net::TcpListener::from_std(listeners.http).map_err(SandboxError::Thread)?,
            tokio::net::TcpListener::from_std(listeners.https).map_err(SandboxError::Thread)?,
        )
    };
    let acceptor = TlsAcceptor::from(listeners.tls);
    std::thread::Builder::new()
        .name("sandbox-tenant".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::join!(
                    accept(shared.clone(), http, None, stopped.clone()),
                    accept(shared, https, Some(acceptor), stopped),
                );
            });
            runtime.shutdown_timeout(GRACE);
        })
        .map_err(SandboxError::Thread)
}

/// Takes connections until the tenant is stopped, then waits for the open ones.
async fn accept(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (stream, _) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small and wait for nothing.
        stream.set_nodelay(true).ok();
        let (shared, tls, stopped) = (shared.clone(), tls.clone(), stopped.clone());
        connections.spawn(async move {
            match tls {
                None => serve(shared, "http", stream, stopped).await,
                Some(acceptor) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(shared, "https", stream, stopped).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                },
            }
        });
    }
    drop(listener);
    let finished = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} });
    if finished.await.is_err() {
        tracing::warn!("connections were still open when the tenant stopped");
    }
}

/// Serves the requests of one connection.
async fn serve<S>(shared: Arc<Shared>, scheme: &'static str, stream: S, mut stopped: watch::Receiver<bool>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| respond(shared.clone(), scheme, request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let finished = tokio::select! {
        finished = connection.as_mut() => Some(finished),
        _ = stopped.wait_for(|stopped| *stopped) => None,
    };
    let finished = match finished {
        Some(finished) => finished,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = finished {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers one request; an error closes the connection without an answer.
async fn respond(
    shared: Arc<Shared>,
    scheme: &'static str,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, io::Error> {
    let request = read(scheme, request).await;
    let fault = lock(&shared.faults).next(&request);
    if let Some(fault) = &fault {
        if fault.delay > Duration::ZERO {
            tokio::time::sleep(fault.delay).await;
        }
        if fault.drop_connection && !fault.after_commit {
            return Err(dropped());
        }
    }
    let drops_after = fault.as_ref().is_some_and(|fault| fault.drop_connection);
    let scramble = fault.as_ref().and_then(|fault| fault.scramble);
    let planned = fault.and_then(|fault| fault.reply);
    let handled = tokio::task::spawn_blocking(move || dispatch(&shared, &request, planned)).await;
    match handled {
        Ok(_) if drops_after => Err(dropped()),
        Ok(reply) => response(&match scramble {
            Some(scramble) => scramble.apply(reply),
            None => reply,
        }),
        Err(error) => {
            tracing::error!(%error, "a request ended by a panic");
            response(&failure(500, "InternalServerError", "The request failed."))
        }
    }
}

fn dropped() -> io::Error {
    io::Error::other("connection dropped by a fault")
}

/// Reads a request to its end; a body that is too large is left out.
async fn read(scheme: &str, request: hyper::Request<Incoming>) -> Request {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut read = Request::new(parts.method.as_str(), target, &format!("{scheme}://{host}"));
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
            read.headers.insert(name.as_str().to_owned(), value.to_owned());
        }
    }
    if let Err(error) = read_body(&mut read, body).await {
        tracing::debug!(%error, "a request's body was not read to its end");
        read.too_large = true;
    }
    read
}

/// Reads a body, or the beginning of one that is too large to be kept.
async fn read_body(read: &mut Request, mut body: Incoming) -> Result<(), hyper::Error> {
    let mut seen = 0_usize;
    while let Some(frame) = std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await {
        let Ok(bytes) = frame?.into_data() else { continue };
        seen = seen.saturating_add(bytes.len());
        if seen <= MAX_BODY {
            read.body.extend_from_slice(&bytes);
        } else {
            read.too_large = true;
            read.body = Vec::new();
        }
        if seen > MAX_DISCARDED {
            break;
        }
    }
    Ok(())
}

fn response(reply: &Reply) -> Result<hyper::Response<Body>, io::Error> {
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.bytes())).map_err(io::Error::other)
}
