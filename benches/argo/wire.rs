//! The way between tunebot and the API server, which can be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes bytes on, both ways, until it is dropped.
pub struct Wire {
    pub address: SocketAddr,
    cut: Arc<watch::Sender<()>>,
    _end: DropGuard,
}

impl Wire {
    /// To the server of `url`.
    pub async fn to(url: &str) -> Result<Self> {
        let url = url::Url::parse(url)?;
        let host = url.host_str().context("no host")?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().context("no port")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, cut, end) = (listener.local_addr()?, Arc::new(watch::Sender::new(())), CancellationToken::new());
        let (cuts, ended) = (Arc::clone(&cut), end.clone());
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass_on(near, (host.clone(), port), cuts.subscribe()));
            }
        }));
        Ok(Self { address, cut, _end: end.drop_guard() })
    }

    /// Breaks all connections that are open; new ones are taken at once.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn pass_on(mut near: TcpStream, to: (String, u16), mut cuts: watch::Receiver<()>) {
    let Ok(mut far) = TcpStream::connect(to).await else { return };
    // Neither end is to wait for the other's acknowledgements.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        // Also when the wire is no more.
        _ = cuts.changed() => {}
    }
}
