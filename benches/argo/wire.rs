//! The way between tunebot and the API server, which can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes bytes on, both ways, until it is dropped.
pub struct Wire {
    pub address: SocketAddr,
    cut: Arc<watch::Sender<()>>,
    refuse: Arc<AtomicBool>,
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
        let refuse = Arc::new(AtomicBool::new(false));
        let (cuts, refused, ended) = (Arc::clone(&cut), Arc::clone(&refuse), end.clone());
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                if !refused.swap(false, Ordering::Relaxed) {
                    tokio::spawn(pass_on(near, (host.clone(), port), cuts.subscribe()));
                }
            }
        }));
        Ok(Self { address, cut, refuse, _end: end.drop_guard() })
    }

    /// Breaks all connections that are open, and refuses the next one: a watch that can go on at once where it was broken
    /// off needs no list.
    pub fn cut(&self) {
        self.refuse.store(true, Ordering::Relaxed);
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
