//! Did you mean…? The known word that is nearest to one that is not known.

/// The known word that `word` most probably stands for, if one is near enough.
///
/// Near enough is one slip of the fingers (a letter more, less, other, or two swapped) for every three letters, or a
/// known word that begins with `word` (of two letters at least).
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower: String = word.chars().take(64).collect::<String>().to_lowercase();
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let prefix = lower.len() >= 2 && candidate.starts_with(&lower);
        if prefix { 1 } else { strsim::damerau_levenshtein(&lower, &candidate) }
    };
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count();
            // A word with nothing in common is no slip.
            *distance <= length.max(3) / 3 && *distance < length.min(lower.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_fingers_finds_its_word() {
        let known = ["resnet", "ranker", "wine", "status", "minimize"];
        assert_eq!(nearest("resnt", known), Some("resnet"));
        assert_eq!(nearest("stauts", known), Some("status"));
        assert_eq!(nearest("RESNET", known), Some("resnet"));
        assert_eq!(nearest("ra", known), Some("ranker"));
        assert_eq!(nearest("minimise", known), Some("minimize"));
    }

    #[test]
    fn a_word_of_its_own_finds_nothing() {
        assert_eq!(nearest("kubernetes", ["resnet", "wine"]), None);
        assert_eq!(nearest("", ["resnet"]), None);
        assert_eq!(nearest("n", ["m"]), None);
    }
}
