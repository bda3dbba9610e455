//! Did you mean…? The nearest known word to one that is not known.

/// The known word that `word` most probably stands for, if one is near enough.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let prefix = lower.len() >= 3 && candidate.starts_with(&lower);
        if prefix { 1 } else { strsim::damerau_levenshtein(&lower, &candidate) }
    };
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().min(lower.chars().count());
            // A word with nothing in common is no slip.
            *distance <= candidate.chars().count().max(3) / 3 && *distance < length
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

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
    fn a_slip_of_the_fingers_is_understood() {
        let known = ["minimize", "maximize"];
        assert_eq!(nearest("max", known), Some("maximize"));
        assert_eq!(nearest("minimise", known), Some("minimize"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest("n", ["m"]), None);
        assert_eq!(hint("banana", known), "known: maximize, minimize");
    }
}
