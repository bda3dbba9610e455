//! The protocol from end to end: dialogues word for word, and requests that nobody would write.

mod properties;
mod storage;

use std::io::{BufReader, Cursor};

use super::serve;

/// The answers to `requests`, one for each line.
fn answers(requests: &[u8]) -> Vec<String> {
    let mut output = Vec::new();
    // A small buffer, so that lines come in pieces.
    serve(BufReader::with_capacity(7, requests), &mut output).unwrap();
    String::from_utf8(output).unwrap().lines().map(str::to_owned).collect()
}

/// The answer with what differs from run to run left out.
fn masked(request: &str, answer: &str) -> String {
    let chosen = (!request.contains(r#""seed":"#)).then_some("seed");
    let mut text = answer.to_owned();
    for name in ["elapsed_us", "rss_bytes", "impl_version"].into_iter().chain(chosen) {
        if let Some((before, after)) = text.split_once(&format!(r#""{name}":"#)) {
            let end = after.find([',', '}']).unwrap();
            text = format!(r#"{before}"{name}":_{}"#, &after[end..]);
        }
    }
    text
}

/// Says the lines of a dialogue that begin with `>`, and holds the answers to those that begin with `<`.
fn hold(dialogue: &str) {
    let requests: Vec<&str> = dialogue.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    let mut answers = answers(requests.join("\n").as_bytes()).into_iter();
    let mut held = String::new();
    for line in dialogue.lines().filter(|line| !line.starts_with("< ")) {
        held += &format!("{line}\n");
        if let Some(request) = line.strip_prefix("> ") {
            let answer = answers.next().unwrap_or_else(|| panic!("no answer to {request}"));
            held += &format!("< {}\n", masked(request, &answer));
        }
    }
    assert_eq!(answers.next(), None, "an answer that nobody asked for");
    let first = dialogue.lines().zip(held.lines()).find(|(expected, found)| expected != found);
    assert!(first.is_none(), "{first:#?}");
    assert_eq!(dialogue.trim_end(), held.trim_end());
}

#[test]
fn a_study_takes_its_course() {
    hold(include_str!("tests/dialogues/course.txt"));
}

#[test]
fn what_cannot_be_done_is_refused_in_words() {
    hold(include_str!("tests/dialogues/refusals.txt"));
}

#[test]
fn spaces_are_checked_and_given_back_as_they_were_written() {
    hold(include_str!("tests/dialogues/spaces.txt"));
}

#[test]
fn of_several_objectives_the_best_are_a_front_that_meets_the_constraints() {
    hold(include_str!("tests/dialogues/objectives.txt"));
}

#[test]
fn blank_lines_are_no_requests_and_the_end_of_the_input_is_a_close() {
    assert_eq!(answers(b"\n \r\n\t\n"), [""; 0]);
    assert_eq!(answers(b"{\"op\":\"close\"}\n{\"op\":\"stats\"}\n"), [r#"{"ok":true}"#]);
    assert_eq!(answers(b"\n{\"op\":\"close\"}"), [r#"{"ok":true}"#]);
}

#[test]
fn lines_that_are_not_text_or_nested_too_deep_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut requests = b"{\"op\":\"\xff\"}\n".to_vec();
    for field in ["op", "space", "trials", "unknown"] {
        requests.extend_from_slice(format!("{{\"{field}\":{deep}}}\n").as_bytes());
    }
    requests.extend_from_slice(
        format!("{{\"op\":\"create\",\"space\":{{\"x\":{deep}}}}}\n{{\"op\":\"nothing\"}}").as_bytes(),
    );
    let answers = answers(&requests);
    let codes: Vec<&str> = answers.iter().map(|answer| answer.split('"').nth(7).unwrap()).collect();
    let bad = "bad_request";
    assert_eq!(codes, [bad, bad, bad, bad, bad, "bad_space", "unknown_op"]);
    assert!(answers[0].contains("the line is not UTF-8 from byte 7 on"), "{}", answers[0]);
}

#[test]
fn a_grid_answers_with_fewer_trials_when_it_is_exhausted() {
    let create = r#"{"op":"create","space":{"x":{"type":"int","low":1,"high":3}},"sampler":"grid","seed":1}"#;
    let answers = answers(
        format!("{create}\n{{\"op\":\"ask\",\"n\":2}}\n{{\"op\":\"ask\",\"n\":2}}\n{{\"op\":\"ask\"}}").as_bytes(),
    );
    let counts: Vec<usize> = answers[1..].iter().map(|answer| answer.matches(r#""id":"#).count()).collect();
    assert_eq!(counts, [2, 1, 0]);
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serve(Cursor::new("{\"op\":\"stats\"}\n{\"op\":\"stats\"}\n"), Gone).unwrap();
}
