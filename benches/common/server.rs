//! The real program, configured by a file in a folder of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const PATIENCE: Duration = Duration::from_secs(30);

/// A configured server that does not run yet.
pub struct Server {
    config: PathBuf,
    pub address: SocketAddr,
    environment: Vec<(&'static str, &'static str)>,
}

impl Server {
    /// Writes what `configuration` says into `folder`, for a server on the address that it is given.
    pub fn prepare(folder: &Path, configuration: impl FnOnce(SocketAddr) -> String) -> Result<Self> {
        // A free port; nobody else takes it in the meantime on a machine that is left alone for a benchmark.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.join("tunebot.yaml");
        std::fs::write(&config, configuration(address))?;
        Ok(Self { config, address, environment: Vec::new() })
    }

    /// With a variable in its environment.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Starts it and waits until it is ready; its log goes to `log`.
    pub fn start(&self, log: Stdio) -> Result<Running> {
        let child = Command::new(env!("CARGO_BIN_EXE_tunebot"))
            .args(["serve", "--config"])
            .arg(&self.config)
            .envs(self.environment.iter().copied())
            .stderr(log)
            .spawn()?;
        let mut running = Running { child };
        let begun = Instant::now();
        while !self.is_ready() {
            if let Some(status) = running.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if begun.elapsed() > PATIENCE {
                bail!("the server was not ready after {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(running)
    }

    /// The whole answer to a request, over a connection of its own.
    pub fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn is_ready(&self) -> bool {
        self.get("/readyz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }
}

/// One that is ready. It does not outlive this.
pub struct Running {
    pub child: Child,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator does.
    pub fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw).context("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has been waited for is not there any longer, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
