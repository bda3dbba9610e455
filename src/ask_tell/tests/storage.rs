//! A study that lives in a file goes on as if nothing had happened, wherever it was cut.

use std::path::Path;

use serde_json::{Value, json};

use super::super::session::Session;

/// One process that serves a study in a file.
struct Process(Session);

const SPACE: &str = r#"{"x":{"type":"float","low":-1,"high":1},"rate":{"type":"float","low":1e-5,"high":1,"log":true},"kind":{"type":"categorical","choices":["a",1,1.0,null]},"depth":{"type":"int","low":1,"high":9,"when":{"param":"kind","in":["a",null]}}}"#;

fn create(path: &Path) -> Value {
    let space: Value = serde_json::from_str(SPACE).unwrap();
    json!({"op": "create", "space": space, "sampler": "tpe", "seed": 5, "sampler_options": {"n_startup": 3},
           "constraints": 1, "pruner": {"name": "median", "n_startup": 1}, "storage": path})
}

impl Process {
    fn start() -> Self {
        Self(Session::default())
    }

    fn open(path: &Path) -> (Self, Value) {
        let mut process = Self::start();
        let reply = process.call(&create(path));
        (process, reply)
    }

    fn call(&mut self, request: &Value) -> Value {
        let mut answer: Value = serde_json::from_slice(&self.0.answer(request.to_string().as_bytes()).line).unwrap();
        answer.as_object_mut().unwrap().remove("elapsed_us");
        answer
    }
}

/// The value and the constraint of a parameter set.
fn measure(params: &Value) -> (f64, f64) {
    let x = params["x"].as_f64().unwrap();
    (x * x + params["depth"].as_f64().unwrap_or(5.0) * params["rate"].as_f64().unwrap(), x - 0.5)
}

/// Every change that a run of `trials` trials asks for, by the answers so far: asks of one and of two, reports, tells of every
/// state, imports.
fn next_request(step: usize, answers: &[Value]) -> Value {
    let params = |id: usize| {
        let trials = answers.iter().filter_map(|answer| answer["trials"].as_array()).flatten();
        trials.into_iter().find(|trial| trial["id"] == id).map(|trial| trial["params"].clone()).unwrap()
    };
    // Each round of eight steps has the trials 4k to 4k + 2 asked, and 4k + 3 imported.
    let (round, first) = (step / 8, step / 8 * 4);
    let tell = |id: usize| {
        let (value, constraint) = measure(&params(id));
        json!({"op": "tell", "id": id, "values": [value], "constraints": [constraint]})
    };
    match step % 8 {
        0 => json!({"op": "ask", "n": 2}),
        1 => json!({"op": "ask"}),
        2 => json!({"op": "report", "id": first + 1, "step": 1, "value": 0.1 * round as f64}),
        3 => json!({"op": "report", "id": first, "step": 1, "value": null}),
        4 => tell(first + 2),
        5 => tell(first),
        6 if round % 3 == 0 => json!({"op": "tell", "id": first + 1, "state": "pruned"}),
        6 => json!({"op": "tell", "id": first + 1, "values": [null], "constraints": [0]}),
        _ => {
            json!({"op": "import", "trials": [{"params": {"x": 0.5 / (round + 1) as f64, "rate": 0.1, "kind": 1.0}, "values": [round], "constraints": [-1]}]})
        }
    }
}

const STEPS: usize = 48;

/// An undisturbed run: its answers, and the length of the file after each of them.
fn undisturbed(path: &Path) -> (Vec<Value>, Vec<u64>) {
    let (mut process, _) = Process::open(path);
    let (mut answers, mut lengths) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let answer = process.call(&next_request(step, &answers));
        assert_eq!(answer["ok"], true, "{answer}");
        answers.push(answer);
        lengths.push(std::fs::metadata(path).unwrap().len());
    }
    (answers, lengths)
}

#[test]
fn a_study_that_was_cut_anywhere_goes_on_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().unwrap();
    let (answers, lengths) = undisturbed(&folder.path().join("whole"));
    let whole = std::fs::read(folder.path().join("whole")).unwrap();
    let path = folder.path().join("cut");
    // Every byte of a line of every sort, and the ends of these lines.
    for cut in lengths[31]..=lengths[39] {
        std::fs::write(&path, &whole[..cut as usize]).unwrap();
        let done = lengths.iter().filter(|length| **length <= cut).count();
        let (mut process, reply) = Process::open(&path);
        assert_eq!(reply["ok"], true, "{reply}");
        let mut seen = answers[..done].to_vec();
        let end = if lengths.contains(&cut) { STEPS } else { done + 1 };
        for (step, expected) in answers.iter().enumerate().take(end).skip(done) {
            let answer = process.call(&next_request(step, &seen));
            assert_eq!(answer, *expected, "cut at byte {cut}, step {step}");
            seen.push(answer);
        }
        drop(process);
        assert_eq!(std::fs::read(&path).unwrap(), &whole[..lengths[end - 1] as usize]);
    }
}

#[test]
fn a_file_whose_first_line_is_torn_is_a_new_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    drop(Process::open(&path));
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (process, reply) = Process::open(&path);
        assert_eq!((&reply["ok"], &reply["seed"], &reply["total"]), (&json!(true), &json!(5), &Value::Null));
        drop(process);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn who_opens_a_study_again_learns_its_seed_and_its_pending_trials() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let mut request = create(&path);
    request.as_object_mut().unwrap().remove("seed");
    let mut process = Process::start();
    let seed = process.call(&request)["seed"].clone();
    let asked = process.call(&json!({"op": "ask", "n": 3}))["trials"].clone();
    process.call(&json!({"op": "tell", "id": 1, "state": "failed"}));
    drop(process);
    let reply = Process::start().call(&request);
    let expected = json!({"ok": true, "protocol": 1, "impl": "tunebot", "impl_version": env!("CARGO_PKG_VERSION"),
                          "seed": seed, "total": 3, "pending": [asked[0], asked[2]]});
    assert_eq!(reply, expected);
}

#[test]
fn a_study_goes_on_only_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    drop(Process::open(&path));
    let refusal = |name: &str, value: Value| {
        let mut request = create(&path);
        *request.pointer_mut(name).unwrap() = value;
        let reply = Process::start().call(&request);
        assert_eq!(reply["error"]["code"], "bad_request", "{reply}");
        let text = reply["error"]["message"].as_str().unwrap().replace(&path.display().to_string(), "[study]");
        text.trim_start_matches("the storage [study] cannot be used: ").to_owned()
    };
    let refusals = [
        refusal("/space/x/high", json!(2)),
        refusal("/space/kind/choices", json!(["a", 1, 1.5, null])),
        refusal("/space", json!({})),
        refusal("/seed", json!(6)),
        refusal("/constraints", json!(0)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    its study has another space: x is {"high":1.0,"log":false,"low":-1.0,"step":null,"type":"float"} in the file and {"high":2.0,"log":false,"low":-1.0,"step":null,"type":"float"} in the request
    its study has another space: kind is {"type":"categorical","choices":["a",1,1.0,null]} in the file and {"type":"categorical","choices":["a",1,1.5,null]} in the request
    its study has another space: depth is missing in the request
    its study has the seed 5, not 6; leave it out, or name another file
    its study has the number of constraints 1, not 0
    "#);
    let mut more = create(&path);
    more["directions"] = json!(["maximize"]);
    more["space"]["y"] = json!({"type": "int", "low": 0, "high": 1});
    assert!(Process::start().call(&more)["error"]["message"].as_str().unwrap().ends_with("y is not in the file"));
    more["space"].as_object_mut().unwrap().remove("y");
    let text = Process::start().call(&more)["error"]["message"].as_str().unwrap().to_owned();
    assert!(text.ends_with(r#"its study has the directions ["minimize"], not ["maximize"]"#), "{text}");
}

#[test]
fn another_sampler_may_go_on_and_the_file_says_from_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let (mut process, _) = Process::open(&path);
    process.call(&json!({"op": "ask"}));
    drop(process);
    let mut request = create(&path);
    request["sampler"] = json!("random");
    for _ in 0..2 {
        let mut process = Process::start();
        assert_eq!(process.call(&request)["ok"], true);
        process.call(&json!({"op": "ask"}));
    }
    drop(Process::open(&path));
    let text = std::fs::read_to_string(&path).unwrap();
    let ops: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", line["op"], line["sampler"])
        })
        .collect();
    assert_eq!(ops, [r#""ask" null"#, r#""create" "random""#, r#""ask" null"#, r#""ask" null"#, r#""create" "tpe""#]);
}

#[test]
fn a_file_is_open_in_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let (mut first, _) = Process::open(&path);
    let (_, reply) = Process::open(&path);
    assert!(
        reply["error"]["message"]
            .as_str()
            .unwrap()
            .ends_with("another process has it open; end that one first, or name another file"),
        "{reply}"
    );
    // The same process may open its own again.
    assert_eq!(first.call(&create(&path))["total"], 0);
}

#[test]
fn a_file_that_is_no_study_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for content in ["x", "my notes\nof years", r#"{"tunebot": 1}"#, "\n"] {
        std::fs::write(&path, content).unwrap();
        let (_, reply) = Process::open(&path);
        assert!(reply["error"]["message"].as_str().unwrap().contains("something else in it"), "{reply}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    std::fs::write(&path, "{\"tunebot_study\":2}\n").unwrap();
    let (_, reply) = Process::open(&path);
    assert!(
        reply["error"]["message"]
            .as_str()
            .unwrap()
            .ends_with("it has the format 2, and this tunebot reads 1: use a newer one"),
        "{reply}"
    );
}

#[test]
fn damage_in_the_middle_is_refused_and_damage_at_the_end_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let (_, lengths) = undisturbed(&path);
    let whole = std::fs::read(&path).unwrap();
    // Reports are the third and the fourth change of a round. Damaged together with all that follows, they are lost.
    let mut torn = whole[..lengths[35] as usize].to_vec();
    torn[lengths[33] as usize] = 0;
    std::fs::write(&path, &torn).unwrap();
    let (process, reply) = Process::open(&path);
    assert_eq!(reply["total"], 4 * 4 + 3);
    drop(process);
    assert_eq!(std::fs::read(&path).unwrap(), &whole[..lengths[33] as usize]);
    let mut damaged = whole.clone();
    damaged[lengths[33] as usize] = 0;
    std::fs::write(&path, &damaged).unwrap();
    let (_, reply) = Process::open(&path);
    let text = reply["error"]["message"].as_str().unwrap();
    assert!(
        text.contains("line 36 is damaged") && text.ends_with("whole lines follow it; restore the file from a copy"),
        "{text}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
    let mut doubled = whole[..lengths[4] as usize].to_vec();
    doubled.extend_from_slice(&whole[lengths[3] as usize..lengths[4] as usize]);
    std::fs::write(&path, &doubled).unwrap();
    let (_, reply) = Process::open(&path);
    assert!(
        reply["error"]["message"].as_str().unwrap().ends_with("line 7: trial 2 has ended already, as complete"),
        "{reply}"
    );
}
