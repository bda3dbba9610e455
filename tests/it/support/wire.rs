//! A loopback HTTP server whose connections can be cut before the answer goes out, as a failing network does it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The connection that a request came by.
#[derive(Clone)]
pub struct Wire {
    is_cut: CancellationToken,
}

impl Wire {
    /// From now on nothing reaches the client: it sees the connection close without an answer.
    pub fn cut(&self) {
        self.is_cut.cancel();
    }
}

/// A server that ends with its owner.
pub struct Served {
    pub address: SocketAddr,
    task: JoinHandle<()>,
    connections: Connections,
}

impl Served {
    /// Cuts every connection that is open; new ones are welcome.
    pub fn break_connections(&self) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *connections).cancel();
    }

    /// Cuts every connection, and returns when no new one is possible.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.break_connections();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port of 127.0.0.1 that is nobody else's, also while nobody listens on it.
pub struct Port {
    pub address: SocketAddr,
    /// Bound, and never listening: connections are refused, and the kernel gives the port to no other program.
    _placeholder: TcpSocket,
}

impl Port {
    pub fn reserve() -> Self {
        let placeholder = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = placeholder.local_addr().expect("the address of a bound socket");
        Self { address, _placeholder: placeholder }
    }

    /// # Panics
    /// Somebody listens on it.
    pub fn listen(&self) -> TcpListener {
        bind(self.address).listen(1_024).expect("a port that is ours")
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    // Several sockets may have the port as long as only one listens.
    socket.set_reuseaddr(true).expect("an option of a socket");
    socket.bind(address).expect("a free port on loopback");
    socket
}

/// Serves on a free port of 127.0.0.1. Handlers may take `ConnectInfo<Wire>`.
pub async fn serve(router: Router) -> Served {
    serve_on(Ipv4Addr::LOCALHOST, router).await
}

/// As [`serve`], on another address of this machine, where pods reach it.
pub async fn serve_on(address: Ipv4Addr, router: Router) -> Served {
    serve_at(TcpListener::bind((address, 0)).await.expect("a free port"), router)
}

/// As [`serve`], on a port that is chosen already.
pub fn serve_at(listener: TcpListener, router: Router) -> Served {
    let address = listener.local_addr().expect("the address of a bound listener");
    let service = router.into_make_service_with_connect_info::<Wire>();
    let connections = Connections::default();
    let cuttable = Cuttable { listener, connections: connections.clone() };
    let task = tokio::spawn(async move {
        axum::serve(cuttable, service).await.expect("serving on loopback");
    });
    Served { address, task, connections }
}

/// What cuts all connections at once; replaced when it has done so.
type Connections = Arc<Mutex<CancellationToken>>;

struct Cuttable {
    listener: TcpListener,
    connections: Connections,
}

impl Listener for Cuttable {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let is_cut = self.connections.lock().unwrap_or_else(PoisonError::into_inner).child_token();
        let cut = Box::pin(is_cut.clone().cancelled_owned());
        (CuttableStream { stream, wire: Wire { is_cut }, cut }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().wire.clone()
    }
}

struct CuttableStream {
    stream: TcpStream,
    wire: Wire,
    /// Wakes a connection that waits for its next request.
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.wire.is_cut.is_cancelled() || self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.wire.is_cut.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
