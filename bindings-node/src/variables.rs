//! Variables of the environment.
//!
//! They are read by JavaScript, as `process.env` has them: a worker may have others than the process, and while another thread
//! sets one in `process.env`, Node alone can read them safely.

use std::cell::Cell;
use std::ffi::OsString;
use std::rc::Rc;

use napi::bindgen_prelude::Function;
use napi::{Env, Result};

/// Returns the value of the variable of this name.
pub(crate) type Variable<'env> = Function<'env, String, Option<String>>;

/// Does `work`, in which core reads variables by `variable`; fails with what that throws.
pub(crate) fn with_variables<T>(env: Env, variable: &Variable<'_>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let variable = variable.create_ref()?;
    let failure = Rc::new(Cell::new(None));
    let thrown = Rc::clone(&failure);
    let look_up = move |name: &str| {
        let read = variable.borrow_back(&env).and_then(|variable| variable.call(name.to_owned()));
        read.unwrap_or_else(|error| {
            thrown.set(Some(error));
            None
        })
        .map(OsString::from)
    };
    let done = wts_session::binding::with_variables(look_up, work);
    match failure.take() {
        Some(error) => Err(error),
        None => done,
    }
}
