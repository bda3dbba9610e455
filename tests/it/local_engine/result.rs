//! What a trial says: steps, progress, results, failures and logs.

use tunebot::domain::signal::AttemptNews;

use super::site::{Site, failure, metrics, script, shown};

#[tokio::test]
async fn a_trial_reports_steps_progress_and_its_result() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"echo 'epoch 1'; echo '{"step":1,"loss":0.5}'; echo '{"step":2,"metrics":{"loss":0.4}}'
               echo '{"progress":"25/40"}'; echo '{"loss":0.3,"acc":0.9}'"#,
        ))
        .await;
    let news = engine.until_end().await;
    assert_eq!(news[0], AttemptNews::Started);
    assert!(news.contains(&AttemptNews::Reported { step: 1, metrics: metrics(&[("loss", 0.5)]) }), "{news:?}");
    assert!(news.contains(&AttemptNews::Reported { step: 2, metrics: metrics(&[("loss", 0.4)]) }), "{news:?}");
    assert!(news.contains(&AttemptNews::Progress { done: 25, total: 40 }), "{news:?}");
    assert_eq!(shown(news.last()), "succeeded: acc=0.9 loss=0.3");
}

#[tokio::test]
async fn the_result_file_wins_over_what_was_said() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"echo '{"step":1,"early":1,"loss":3}'; echo '{"loss":2,"acc":0.5}'; echo '{"metrics":{"loss":1}}' > "$TUNEBOT_RESULT""#,
        ))
        .await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: acc=0.5 early=1 loss=1");
}

#[tokio::test]
async fn a_result_that_is_not_a_number_stays_one() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(r#"echo '{"loss": NaN}' > "$TUNEBOT_RESULT""#)).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=NaN");
}

#[tokio::test]
async fn a_result_file_that_cannot_be_read_fails_the_trial() {
    for (command, reason) in [
        (r#"echo 0.2 > "$TUNEBOT_RESULT""#, r#"the result file is not a JSON object like {"loss": 0.1}"#),
        (r#"mkfifo "$TUNEBOT_RESULT""#, "the result file is not a plain file"),
    ] {
        let site = Site::new();
        let mut engine = site.start();
        engine.submit(&script(command)).await;
        assert_eq!(failure(engine.end().await).0, reason);
    }
}

#[tokio::test]
async fn a_failure_says_how_it_came_and_shows_the_last_lines() {
    for (command, expected, tail) in [
        ("echo cannot open data >&2; exit 3", "the program exited with code 3", Some("cannot open data")),
        ("echo only this; exit 1", "the program exited with code 1", Some("only this")),
        ("kill -SEGV $$", "the program was killed by SIGSEGV", None),
        ("kill -KILL $$", "the program was killed by SIGKILL: did the machine run out of memory?", None),
    ] {
        let site = Site::new();
        let mut engine = site.start();
        engine.submit(&script(command)).await;
        assert_eq!(failure(engine.end().await), (expected.to_owned(), tail.map(str::to_owned)), "{command}");
    }
}

#[tokio::test]
async fn the_token_is_not_in_the_excerpt_of_a_failure() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("echo token $TUNEBOT_TOKEN refused >&2; exit 1")).await;
    assert_eq!(failure(engine.end().await).1.as_deref(), Some("token [token] refused"));
}

#[tokio::test]
async fn a_log_is_capped_and_the_trial_goes_on() {
    let site = Site::new();
    let mut engine = site.start_with(|options| options.log_limit_bytes = 1000);
    engine.submit(&script(r#"yes | head -c 10000000; echo; echo '{"loss":1}'; echo last"#)).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
    let log = site.read("stdout.log");
    assert!(log.len() < 20_000, "{}", log.len());
    assert!(log.contains("[tunebot: the log is full; 99"), "{}", &log[..1200]);
    assert!(log.ends_with("{\"loss\":1}\nlast\n"));
}

#[tokio::test]
async fn a_flood_of_steps_is_thinned_and_the_last_one_arrives() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(r#"seq 1 200000 | sed 's/.*/{"step":&,"loss":&}/'"#)).await;
    let news = engine.until_end().await;
    let steps: Vec<u64> = news
        .iter()
        .filter_map(|news| match news {
            AttemptNews::Reported { step, .. } => Some(*step),
            _ => None,
        })
        .collect();
    assert!(steps.len() < 20_000, "{}", steps.len());
    assert!(steps.is_sorted() && steps.last() == Some(&200_000));
    assert_eq!(shown(news.last()), "succeeded: loss=200000");
}
