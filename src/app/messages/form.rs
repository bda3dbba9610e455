//! A form of Slack's as text: what is asked, `[what stays if it is left empty]`, and the hint.

use serde_json::Value;

pub(super) fn shown(view: &Value) -> String {
    let text = |value: &Value| value["text"].as_str().unwrap_or_default().to_owned();
    let mut lines = vec![text(&view["title"]), String::new()];
    for block in view["blocks"].as_array().unwrap() {
        lines.push(match block["type"].as_str().unwrap() {
            "input" => {
                let field = format!("[{}]", text(&block["element"]["placeholder"]));
                format!("{:<24} {field:<20} {}", text(&block["label"]), text(&block["hint"])).trim_end().to_owned()
            }
            "context" => format!("{}\n", text(&block["elements"][0])),
            other => panic!("no {other} yet"),
        });
    }
    lines.extend([String::new(), format!("[{}] [{}]", text(&view["close"]), text(&view["submit"]))]);
    format!("```text\n{}\n```", lines.join("\n"))
}
