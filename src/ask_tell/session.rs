//! From a request to its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;

use crate::domain::metrics::Direction;
use crate::search::History;

use super::fault::{Code, Fault};
use super::line::LONGEST;
use super::request::{Request, excerpt};
use super::space::Vocabulary;
use super::study::{Shown, Study};
use super::{memory, settings};

/// The version of the protocol.
const PROTOCOL: u32 = 1;
/// Constraint values of each trial beyond which a study is refused.
const MOST_CONSTRAINTS: usize = 10_000;

/// The study of this process, once there is one.
#[derive(Default)]
pub(super) struct Session {
    study: Option<Study>,
}

/// One line of output, with its line break.
pub(super) struct Answer {
    pub line: Vec<u8>,
    /// The program ends after it.
    pub is_last: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Created {
        protocol: u32,
        #[serde(rename = "impl")]
        name: &'static str,
        #[serde(rename = "impl_version")]
        version: &'static str,
    },
    Asked {
        trials: Vec<Shown>,
        elapsed_us: f64,
    },
    Told {
        state: &'static str,
        elapsed_us: f64,
    },
    Reported {
        prune: bool,
        elapsed_us: f64,
    },
    Imported {
        imported: usize,
        elapsed_us: f64,
    },
    Best {
        trials: Vec<Shown>,
    },
    Stats {
        rss_bytes: Option<u64>,
        running: usize,
        total: usize,
    },
    Closed {},
}

#[derive(Serialize)]
struct Success {
    ok: bool,
    #[serde(flatten)]
    reply: Reply,
}

#[derive(Serialize)]
struct Failure {
    ok: bool,
    error: Fault,
}

impl Session {
    /// Does what the request asks for. One that is refused changes nothing.
    pub fn answer(&mut self, line: &[u8]) -> Answer {
        // A fault in the search must not take the other trials of the client with it.
        let reply = catch_unwind(AssertUnwindSafe(|| self.reply(line))).unwrap_or_else(|_| {
            Err(Fault::new(Code::Internal, "a fault of tunebot's own; standard error has it. Please tell its authors"))
        });
        let is_last = matches!(reply, Ok(Reply::Closed {}));
        Answer { line: write(reply), is_last }
    }

    fn reply(&mut self, line: &[u8]) -> Result<Reply, Fault> {
        let request = Request::read(line)?;
        let expected = "the name of an operation";
        let op: String = request.op.read("op", expected)?.ok_or_else(|| request.op.wrong("op", expected))?;
        match op.as_str() {
            "create" => self.create(&request),
            "ask" => {
                let (trials, elapsed) = self.study()?.ask(&request)?;
                Ok(Reply::Asked { trials, elapsed_us: microseconds(elapsed) })
            }
            "tell" => {
                let (state, elapsed) = self.study()?.tell(&request)?;
                Ok(Reply::Told { state, elapsed_us: microseconds(elapsed) })
            }
            "report" => {
                let (prune, elapsed) = self.study()?.report(&request)?;
                Ok(Reply::Reported { prune, elapsed_us: microseconds(elapsed) })
            }
            "import" => {
                let (imported, elapsed) = self.study()?.import(&request)?;
                Ok(Reply::Imported { imported, elapsed_us: microseconds(elapsed) })
            }
            "best" => Ok(Reply::Best { trials: self.study()?.best()? }),
            "stats" => {
                let study = self.study()?;
                Ok(Reply::Stats { rss_bytes: memory::resident(), running: study.running(), total: study.total() })
            }
            "close" => Ok(Reply::Closed {}),
            other => Err(Fault::new(Code::UnknownOp, unknown_op(other))),
        }
    }

    fn create(&mut self, request: &Request) -> Result<Reply, Fault> {
        let expected = "an object of parameters";
        let space = request.space.given().ok_or_else(|| request.space.wrong("space", expected))?;
        let vocabulary = Vocabulary::parse(space.get()).map_err(|problem| Fault::new(Code::BadSpace, problem))?;
        let search = settings::search(request.sampler, request.sampler_options, request.pruner)?;
        let directions = directions(request)?;
        let constraints = request.constraints.integer("constraints", 0..=MOST_CONSTRAINTS)?.unwrap_or(0);
        let seed = match request.seed.integer("seed", i128::from(i64::MIN)..=i128::from(u64::MAX))? {
            // Of a negative number the 64 bits.
            Some(seed) => seed as u64,
            None => random_seed()?,
        };
        if request.storage.given().is_some() {
            return Err(Fault::new(Code::Unsupported, "storage is still to come"));
        }
        let history = History::new(vocabulary.space().clone(), directions, seed);
        self.study = Some(Study::new(vocabulary, constraints, history, &search));
        Ok(Reply::Created { protocol: PROTOCOL, name: "tunebot", version: env!("CARGO_PKG_VERSION") })
    }

    fn study(&mut self) -> Result<&mut Study, Fault> {
        self.study.as_mut().ok_or_else(|| Fault::new(Code::NoStudy, "there is no study: `create` one first"))
    }
}

/// The answer to a line that was not read.
pub(super) fn refuse_long_line() -> Answer {
    let text = format!("the line is longer than {} MiB: send trials in several imports", LONGEST >> 20);
    Answer { line: write(Err(Fault::bad_request(text))), is_last: false }
}

fn write(reply: Result<Reply, Fault>) -> Vec<u8> {
    let line = match reply {
        Ok(reply) => serde_json::to_vec(&Success { ok: true, reply }),
        Err(error) => serde_json::to_vec(&Failure { ok: false, error }),
    };
    let broken = br#"{"ok":false,"error":{"code":"internal","message":"the answer cannot be written"}}"#;
    let mut line = line.unwrap_or_else(|_| broken.to_vec());
    line.push(b'\n');
    line
}

fn directions(request: &Request) -> Result<Vec<Direction>, Fault> {
    let expected = r#"a list of "minimize" or "maximize", one for each objective"#;
    let directions: Option<Vec<Direction>> = request.directions.read("directions", expected)?;
    let directions = directions.unwrap_or_else(|| vec![Direction::Minimize]);
    if directions.is_empty() { Err(request.directions.wrong("directions", expected)) } else { Ok(directions) }
}

fn random_seed() -> Result<u64, Fault> {
    let none = |error| Fault::new(Code::Internal, format!("the system gives no random numbers: {error}"));
    SysRng.try_next_u64().map_err(none)
}

fn unknown_op(op: &str) -> String {
    let known = ["create", "ask", "tell", "report", "import", "best", "stats", "close"];
    format!("there is no operation `{}`; there are {}", excerpt(op), known.join(", "))
}

fn microseconds(elapsed: Duration) -> f64 {
    elapsed.as_nanos() as f64 / 1000.0
}
