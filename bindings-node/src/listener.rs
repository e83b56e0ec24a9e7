//! A JavaScript function that is held only as long as it is needed.
//!
//! A function holds its realm: all that a test file of jest has loaded, or a `vm` context. While no call waits for it, it must be
//! free to go.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Function, JsValuesTupleIntoVec};
use napi::{Env, JsValue, Result, check_status, sys};

/// A weak reference to a function, which can be made a strong one. It stays in its environment's thread.
pub(crate) struct Listener<Args> {
    env: Env,
    reference: sys::napi_ref,
    is_held: Cell<bool>,
    args: PhantomData<fn(Args)>,
}

impl<Args: JsValuesTupleIntoVec> Listener<Args> {
    pub(crate) fn new(env: Env, function: &Function<'_, Args, ()>) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: the function is a value of this environment, in whose thread this runs.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), function.raw(), 0, &raw mut reference) })?;
        Ok(Self { env, reference, is_held: Cell::new(false), args: PhantomData })
    }

    /// Holds the function, or lets it go.
    pub(crate) fn hold(&self, hold: bool) -> Result<()> {
        if self.is_held.replace(hold) == hold {
            return Ok(());
        }
        let change = if hold { sys::napi_reference_ref } else { sys::napi_reference_unref };
        // SAFETY: the reference is not deleted before `self` is dropped, and the count may be null.
        check_status!(unsafe { change(self.env.raw(), self.reference, ptr::null_mut()) })
    }

    /// Calls the function, unless it is gone.
    pub(crate) fn call(&self, args: Args) -> Result<()> {
        let mut value = ptr::null_mut();
        // SAFETY: as in `hold`.
        check_status!(unsafe { sys::napi_get_reference_value(self.env.raw(), self.reference, &raw mut value) })?;
        if value.is_null() {
            return Ok(());
        }
        // SAFETY: a value of this environment, which `new` took from a function.
        unsafe { Function::<Args, ()>::from_napi_value(self.env.raw(), value) }?.call(args)
    }
}

impl<Args> Drop for Listener<Args> {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and deleted only here. If it fails, its environment has ended, and with it the reference.
        let _ = unsafe { sys::napi_delete_reference(self.env.raw(), self.reference) };
    }
}
