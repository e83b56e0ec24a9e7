//! The operations with their options, and their items.

use pyo3::prelude::*;
use wts_session::{CompleteOptions, Error, ErrorKind, Item, UpdateOptions};

use crate::convert;
use crate::error::wrong_type_of_item;

/// An operation with its options.
#[pyclass(frozen, module = "wts_session._wts_session")]
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) of_core: wts_session::Operation,
}

#[pyfunction]
pub(crate) fn update_session_status(stop_bot_in_execution: &Bound<'_, PyAny>) -> PyResult<Operation> {
    let options =
        UpdateOptions::new().stop_bot_in_execution(convert::flag("stop_bot_in_execution", stop_bot_in_execution)?);
    Ok(Operation { of_core: wts_session::Operation::UpdateSessionStatus(options) })
}

#[pyfunction]
pub(crate) fn complete_session(
    reactivate_on_new_message: &Bound<'_, PyAny>,
    stop_bot_in_execution: &Bound<'_, PyAny>,
) -> PyResult<Operation> {
    let options = CompleteOptions::new()
        .reactivate_on_new_message(convert::flag("reactivate_on_new_message", reactivate_on_new_message)?)
        .stop_bot_in_execution(convert::flag("stop_bot_in_execution", stop_bot_in_execution)?);
    Ok(Operation { of_core: wts_session::Operation::CompleteSession(options) })
}

impl Operation {
    /// The item of a single call.
    pub(crate) fn item(&self, session_id: &Bound<'_, PyAny>, status: &Bound<'_, PyAny>) -> PyResult<Item> {
        let id = convert::session_id("session_id", session_id)?;
        let takes_status = self.of_core.takes_status();
        let status = if takes_status { convert::status("status", status)? } else { String::new() };
        Ok(self.item_with(id, status))
    }

    /// The item at a place of the input of a bulk call, and its session id as it was given.
    pub(crate) fn item_at<'py>(&self, index: usize, given: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Item)> {
        let or = |code, error| wrong_type_of_item(given.py(), code, error);
        if !self.of_core.takes_status() {
            let id = convert::session_id(format_args!("session_ids[{index}]"), given);
            let id = id.map_err(|error| or(ErrorKind::InvalidSessionId, error))?;
            return Ok((given.clone(), self.item_with(id, String::new())));
        }
        let pair = convert::pair(format_args!("updates[{index}]"), given);
        let (session_id, status) = pair.map_err(|error| or(ErrorKind::MissingFields, error))?;
        let id = convert::session_id(format_args!("updates[{index}][0]"), &session_id);
        let id = id.map_err(|error| or(ErrorKind::InvalidSessionId, error))?;
        let status = convert::status(format_args!("updates[{index}][1]"), &status);
        let status = status.map_err(|error| or(ErrorKind::InvalidStatus, error))?;
        Ok((session_id, self.item_with(id, status)))
    }

    /// Half a surrogate pair is an error of the item, not of the call.
    fn item_with(&self, id: Result<String, Error>, status: String) -> Item {
        match id {
            Ok(id) => self.of_core.item(id, status),
            Err(error) => Item::Refused { session_id: String::new(), error },
        }
    }
}
