//! The result of one item.

use crate::error::Error;
use crate::model::Session;

/// The result of one item of a bulk call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The place of the item in the input, from 0.
    pub index: usize,
    /// The session id as it was given.
    pub session_id: String,
    /// The session, or the error of this item.
    pub result: Result<Session, Error>,
}

impl Outcome {
    /// An outcome made by hand, for the tests of your own code.
    pub fn new(index: usize, session_id: impl Into<String>, result: Result<Session, Error>) -> Self {
        Self { index, session_id: session_id.into(), result }
    }
}
