//! A study in a file, killed at any moment, goes on as if nothing had happened.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::program::Program;

/// Trials of a run.
const TRIALS: u32 = 60;
/// Kills; each comes a little later than the one before, from before the first line is read on.
const KILLS: u32 = 60;

fn create(path: &Path) -> Value {
    json!({"op": "create", "sampler": "tpe", "seed": 3, "storage": path, "sampler_options": {"n_startup": 4}, "space": {
        "x": {"type": "float", "low": -1, "high": 1},
        "kind": {"type": "categorical", "choices": ["a", "b"]},
        "rate": {"type": "float", "low": 1e-4, "high": 1, "log": true, "when": {"param": "kind", "in": ["b"]}},
    }})
}

fn loss(params: &Value) -> f64 {
    let x = params["x"].as_f64().unwrap();
    x * x + params["rate"].as_f64().unwrap_or(0.3)
}

/// A client that remembers only what it was answered: what it learns after a restart is in the answer to `create`.
#[derive(Default)]
struct Client {
    /// The parameter sets, by id.
    asked: Vec<Value>,
    told: u32,
}

impl Client {
    /// Goes on with the study until all trials are told, or the program is gone: then `None`.
    fn go_on(&mut self, program: &mut Program, path: &Path) -> Option<()> {
        let created = program.try_call(&create(path))?;
        assert_eq!(created["ok"], true, "{created}");
        if created["total"].as_u64() == Some(self.asked.len() as u64 + 1) {
            let lost = created["pending"].as_array().unwrap().last().unwrap();
            self.remember(lost);
        }
        while self.told < TRIALS {
            if self.asked.len() == self.told as usize {
                let answer = program.try_call(&json!({"op": "ask"}))?;
                self.remember(&answer["trials"][0]);
            }
            let tell = json!({"op": "tell", "id": self.told, "values": [loss(&self.asked[self.told as usize])]});
            let answer = program.try_call(&tell)?;
            // It was told already if its answer got lost.
            assert!(answer["ok"] == true || answer["error"]["code"] == "unknown_id", "{answer}");
            self.told += 1;
        }
        Some(())
    }

    fn remember(&mut self, trial: &Value) {
        assert_eq!(trial["id"], self.asked.len(), "{trial}");
        self.asked.push(trial["params"].clone());
    }
}

#[test]
fn a_study_that_is_killed_over_and_over_goes_on_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().unwrap();
    let (calm, wild) = (folder.path().join("calm"), folder.path().join("wild"));
    let mut undisturbed = Client::default();
    undisturbed.go_on(&mut Program::start(), &calm).expect("tunebot lives");
    let mut client = Client::default();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        let mut program = Program::start();
        let pid = Pid::from_raw(i32::try_from(program.process_id()).unwrap()).unwrap();
        let killer = std::thread::spawn(move || {
            // Not to wait for something: the moment of the kill.
            std::thread::sleep(Duration::from_micros(700) * kill);
            // The client may have come to the end.
            let _ = kill_process(pid, Signal::KILL);
        });
        interrupted += u32::from(client.go_on(&mut program, &wild).is_none());
        killer.join().unwrap();
    }
    client.go_on(&mut Program::start(), &wild).expect("tunebot lives");
    assert!(interrupted > 0);
    assert_eq!(client.asked, undisturbed.asked);
    assert_eq!(std::fs::read(&wild).unwrap(), std::fs::read(&calm).unwrap());
}
