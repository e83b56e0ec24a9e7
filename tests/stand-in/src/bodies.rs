//! The API's recorded bodies.

/// A session, as the API has it.
pub(crate) const SESSION: &str = include_str!("../bodies/session-completed.json");

const RECORDED: [(&str, &str); 4] = [
    ("error-problem-details.json", include_str!("../bodies/error-problem-details.json")),
    ("error-refused-as-500.json", include_str!("../bodies/error-refused-as-500.json")),
    ("error-unauthorized.json", include_str!("../bodies/error-unauthorized.json")),
    ("session-completed.json", SESSION),
];

/// The body that is recorded under `name`.
pub(crate) fn recorded(name: &str) -> Option<&'static str> {
    RECORDED.into_iter().find(|(known, _)| *known == name).map(|(_, body)| body)
}

/// The names of all bodies.
pub(crate) fn names() -> String {
    RECORDED.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/bodies");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files.join(", "), names());
    }
}
