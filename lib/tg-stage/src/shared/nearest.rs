//! The known name that the user may have meant by an unknown one.

/// The known name fewest edits away from `typed`, if it is near enough to be meant.
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = 1 + typed.chars().count() / 3;
    let apart = known
        .into_iter()
        .map(|name| (strsim::levenshtein(typed, name), name));
    let (_, name) = apart.filter(|(edits, _)| *edits <= near).min()?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["workflow", "overlays", "agents"];
        assert_eq!(nearest("wrkflow", known), Some("workflow"));
        assert_eq!(nearest("agens", known), Some("agents"));
        assert_eq!(nearest("temperature", known), None);
    }
}
