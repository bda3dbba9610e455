use std::collections::BTreeSet;

use secrecy::SecretString;

use super::*;
use crate::domain::metrics::{Direction, Objective};
use crate::domain::params::{Params, Space, Value};
use crate::domain::sweep::Code;
use crate::domain::tuning::TrialTemplate;
use crate::engine::SearchOrder;

fn launch(argv: &[&str], env: &[(&str, &str)], source: Option<PathBuf>) -> Launch {
    let params: Params =
        [("lr".parse().unwrap(), Value::Float(0.1)), ("tag".parse().unwrap(), Value::Text("a; touch x".into()))]
            .into_iter()
            .collect();
    Launch {
        attempt: "quick-k3f9q2-17-2".parse().unwrap(),
        tuning: "quick".parse().unwrap(),
        asked_by: "@mika".into(),
        params,
        resume_step: None,
        template: TrialTemplate::Command {
            argv: argv.iter().map(|&argument| argument.to_owned()).collect(),
            env: env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            inherit_env: BTreeSet::new(),
            source,
        },
        code: Some(Code {
            repository: "octo/quick".parse().unwrap(),
            reference: "main".into(),
            sha: Some("a".repeat(40).parse().unwrap()),
            pull_request: None,
            fork: false,
            base_branch: "main".into(),
        }),
        timeout: SignedDuration::from_secs(60),
        stop_grace: SignedDuration::from_secs(5),
        report_url: "http://127.0.0.1:8080/api/v1/trials/quick-k3f9q2-17-2/report".into(),
        token: SecretString::from("the-token"),
        search: SearchOrder {
            space: Space::new(Vec::new()).unwrap(),
            objective: Objective { metric: "loss".parse().unwrap(), direction: Direction::Minimize, goal: None },
            trials: 1,
            parallel: 1,
            seed: 7,
        },
    }
}

fn order(launch: &Launch) -> Result<LaunchOrder, EngineError> {
    LaunchOrder::new(launch, &AttemptFolder::of(std::path::Path::new("/trials"), &launch.attempt), 1000)
}

fn refusal(launch: &Launch) -> String {
    match order(launch) {
        Err(EngineError::Permanent(text)) => text,
        Err(EngineError::Transient { message, .. }) => panic!("transient: {message}"),
        Ok(_) => panic!("not refused"),
    }
}

#[test]
fn the_environment_is_the_contract_and_what_is_declared() {
    let order = order(&launch(&["/bin/sh", "{tag}"], &[("LR", "{lr}"), ("TUNEBOT_TRIAL", "9")], None)).unwrap();
    let lines: Vec<String> = order.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    HOME=/trials/quick-k3f9q2/17-2/work
    LR=0.1
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    TUNEBOT_ATTEMPT=quick-k3f9q2-17-2
    TUNEBOT_CHECKPOINT=/trials/quick-k3f9q2/checkpoints/17
    TUNEBOT_COMMIT=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    TUNEBOT_PARAMS={"lr":0.1,"tag":"a; touch x"}
    TUNEBOT_REF=main
    TUNEBOT_REPORT_URL=http://127.0.0.1:8080/api/v1/trials/quick-k3f9q2-17-2/report
    TUNEBOT_REPOSITORY=octo/quick
    TUNEBOT_RESULT=/trials/quick-k3f9q2/17-2/result.json
    TUNEBOT_SWEEP=quick-k3f9q2
    TUNEBOT_TOKEN=the-token
    TUNEBOT_TRIAL=17
    "#);
    assert_eq!(order.argv, ["/bin/sh", "a; touch x"]);
}

#[test]
fn a_bare_name_is_looked_up_in_the_path_of_the_trial() {
    let order = order(&launch(&["sh"], &[], None)).unwrap();
    assert!(order.program.is_absolute() && order.program.ends_with("sh"));
    assert_eq!(order.argv, ["sh"]);
}

#[test]
fn a_relative_program_is_one_of_the_source_folder() {
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("train.sh"), "").unwrap();
    let order = order(&launch(&["./train.sh"], &[], Some(source.path().to_owned()))).unwrap();
    assert_eq!(order.program, source.path().join("./train.sh"));
    assert_eq!(order.environment["TUNEBOT_SOURCE"], source.path().to_str().unwrap());
}

#[test]
fn a_command_that_cannot_work_is_refused_in_words() {
    let refused = |argv: &[&str], env: &[(&str, &str)]| refusal(&launch(argv, env, None));
    insta::assert_snapshot!(refused(&["trian"], &[("PATH", "/nowhere:/bin")]), @"the program `trian` is not in the trial's PATH (/nowhere:/bin)");
    insta::assert_snapshot!(refused(&["/nowhere/train"], &[]), @"the program `/nowhere/train` is not there");
    insta::assert_snapshot!(refused(&["./train"], &[]), @"the program `./train` is a relative path: set `source` or write it in full");
    insta::assert_snapshot!(refused(&[], &[]), @"the trial's command names no program");
    insta::assert_snapshot!(refused(&["sh", "{"], &[]), @"the trial's command: `{`: there is a { without its }; for braces themselves write {{ and }}");
    insta::assert_snapshot!(refused(&["sh", "a\0b"], &[]), @"the trial's command: an argument or variable has a NUL character, or a variable has no proper name");
}
