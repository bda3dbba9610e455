//! Hints for words that are not known.

pub(super) use crate::domain::nearest::nearest;

/// "did you mean …?", or else what there is.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(word) = nearest(word, known.clone()) {
        return format!("did you mean `{word}`?");
    }
    let mut words: Vec<&str> = known.into_iter().collect();
    words.sort_unstable();
    words.dedup();
    match words.len() {
        0 => "none is configured".to_owned(),
        1..=24 => format!("known: {}", words.join(", ")),
        _ => format!("known: {}, …", words[..24].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_nearest_word_or_else_what_there_is() {
        let known = ["minimize", "maximize"];
        assert_eq!(hint("minimise", known), "did you mean `minimize`?");
        assert_eq!(hint("banana", known), "known: maximize, minimize");
    }
}
