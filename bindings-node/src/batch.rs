//! Outcomes of a bulk call, many at a time.

use napi::Either;
use napi_derive::napi;
use wts_session::{Error, Outcome, Session};

use crate::convert::Json;
use crate::error::Failure;

/// Outcomes that have settled, at least one; none when all have been taken.
#[napi(object, object_from_js = false)]
pub struct Batch {
    /// The place of each in the input.
    pub indexes: Vec<f64>,
    /// The JSON of each result, or its failure.
    pub outcomes: Vec<Either<Json, Failure>>,
}

impl From<Vec<Outcome>> for Batch {
    fn from(settled: Vec<Outcome>) -> Self {
        let (indexes, outcomes) = settled.into_iter().map(|it| (it.index as f64, json_or_failure(it.result))).unzip();
        Self { indexes, outcomes }
    }
}

fn json_or_failure(result: Result<Session, Error>) -> Either<Json, Failure> {
    match result {
        Ok(session) => Either::A(session.into_json().into()),
        Err(error) => Either::B(Failure::from(&error)),
    }
}
