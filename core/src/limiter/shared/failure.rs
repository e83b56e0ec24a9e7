//! How an exchange with the shared ledger fails.

/// An exchange did not come about, or its answer was lost.
#[derive(Clone, Debug)]
pub(in crate::limiter) struct Failure {
    /// What went wrong, without a password.
    pub(in crate::limiter) text: String,
    /// Trying again is of no use: a wrong password, for example.
    pub(in crate::limiter) is_lasting: bool,
}

impl Failure {
    pub(in crate::limiter) fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_lasting: false }
    }
}
