//! The chain of causes of an error.

use std::error::Error as StdError;
use std::io;

/// The first error of type `T` in the chain of causes.
pub(super) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| cause(*error)).find_map(|error| error.downcast_ref())
}

pub(super) fn innermost(error: &(dyn StdError + 'static)) -> String {
    std::iter::successors(Some(error), |error| cause(*error)).last().map(ToString::to_string).unwrap_or_default()
}

/// What caused `error`. An `io::Error` names not the error it wraps but that one's cause.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
}
