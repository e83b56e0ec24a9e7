//! The border to C. Every exported function runs inside one of the functions here: no panic gets past them, and what
//! goes out is always set.

use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::{Arc, Once};

use wts_session::Error;

use crate::call::Call;
use crate::cancellable::Cancellable;
use crate::client::Client;
use crate::code::{Code, WTS_OK};
use crate::config::Config;
use crate::error::Failure;
use crate::queue::Queue;

/// A result that C owns from now on, behind a pointer, until it gives it back.
pub(crate) trait ForC {
    type Target;

    fn into_pointer(self) -> *mut Self::Target;

    /// # Safety
    /// `pointer` is from [`into_pointer`](Self::into_pointer) of this type, and comes back once.
    unsafe fn from_pointer(pointer: *mut Self::Target) -> Self;
}

impl ForC for CString {
    type Target = c_char;

    fn into_pointer(self) -> *mut c_char {
        self.into_raw()
    }

    unsafe fn from_pointer(pointer: *mut c_char) -> Self {
        // SAFETY: the caller vouches for it.
        unsafe { Self::from_raw(pointer) }
    }
}

impl<T> ForC for Box<T> {
    type Target = T;

    fn into_pointer(self) -> *mut T {
        Self::into_raw(self)
    }

    unsafe fn from_pointer(pointer: *mut T) -> Self {
        // SAFETY: the caller vouches for it.
        unsafe { Self::from_raw(pointer) }
    }
}

/// For what the library goes on using while C has it.
impl<T> ForC for Arc<T> {
    type Target = T;

    fn into_pointer(self) -> *mut T {
        Self::into_raw(self).cast_mut()
    }

    unsafe fn from_pointer(pointer: *mut T) -> Self {
        // SAFETY: the caller vouches for it.
        unsafe { Self::from_raw(pointer) }
    }
}

/// Nothing: there is no place for it either.
impl ForC for () {
    type Target = ();

    fn into_pointer(self) -> *mut () {
        ptr::null_mut()
    }

    unsafe fn from_pointer(_: *mut ()) {}
}

/// Runs what may fail. The result goes to `out`, the error to `out_error`, and null to the other one.
///
/// # Safety
/// `out` and `out_error` are each null or can be written to.
pub(crate) unsafe fn fallible<T: ForC>(
    out: *mut *mut T::Target,
    out_error: *mut *mut Failure,
    work: impl FnOnce() -> Result<T, Error>,
) -> Code {
    // SAFETY: the caller vouches for both.
    unsafe {
        set(out, ptr::null_mut);
        set(out_error, ptr::null_mut);
    }
    match caught(work).and_then(|outcome| outcome) {
        Ok(result) => {
            // SAFETY: the caller vouches for it.
            unsafe { set(out, || result.into_pointer()) };
            WTS_OK
        }
        Err(error) => {
            let code = error.kind().number();
            // SAFETY: the caller vouches for it.
            unsafe { set(out_error, || Box::new(Failure::new(error)).into_pointer()) };
            code
        }
    }
}

/// Changes a config, if there is one. A panic in the middle makes the config unusable.
///
/// # Safety
/// `config` is null or from `wts_config_new`, and nobody else uses it meanwhile.
pub(crate) unsafe fn setting(config: *mut Config, change: impl FnOnce(&mut Config)) {
    // SAFETY: the caller vouches for it.
    let Some(config) = (unsafe { config.as_mut() }) else {
        return;
    };
    if caught(|| change(config)).is_err() {
        config.spoil();
    }
}

/// Runs what can't fail; `fallback` is the value if it panics nevertheless.
pub(crate) fn value<T>(fallback: T, work: impl FnOnce() -> T) -> T {
    caught(work).unwrap_or(fallback)
}

/// Takes back what C owned, and drops it.
///
/// # Safety
/// `pointer` is null or was handed to C as a `T`, and C uses it no more.
pub(crate) unsafe fn free<T: ForC>(pointer: *mut T::Target) {
    // SAFETY: the caller vouches for it.
    unsafe { take_back(pointer, drop::<T>) }
}

/// Takes back what C owned, and does the last with it.
///
/// # Safety
/// As [`free`].
pub(crate) unsafe fn take_back<T: ForC>(pointer: *mut T::Target, last: impl FnOnce(T)) {
    if !pointer.is_null() {
        // SAFETY: it is not null, and the caller vouches for the rest.
        value((), || last(unsafe { T::from_pointer(pointer) }));
    }
}

/// What `pointer` points to; null is an invalid config.
///
/// # Safety
/// `pointer` is null or from [`ForC`], and nobody frees or changes it during `'a`.
pub(crate) unsafe fn required<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Error> {
    // SAFETY: the caller vouches for it.
    unsafe { pointer.as_ref() }.ok_or_else(|| Error::invalid_config(format!("The {name} is null.")))
}

/// Writes to `out`, unless it is null.
///
/// # Safety
/// `out` is null or can be written to.
unsafe fn set<T>(out: *mut *mut T, make: impl FnOnce() -> *mut T) {
    if !out.is_null() {
        // SAFETY: it is not null, and the caller vouches for the rest.
        unsafe { out.write(make()) };
    }
}

thread_local! {
    /// Where the latest panic of this thread was.
    static PANICKED_AT: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs `work`; a panic inside becomes an error.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    keep_panics_quiet();
    let work = || {
        #[cfg(feature = "panic-switch")]
        crate::panic_switch::panic_if_on();
        work()
    };
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| panicked())
}

/// The latest panic of this thread as an error that tells its place.
pub(crate) fn panicked() -> Error {
    let place = PANICKED_AT.take().unwrap_or_default();
    Error::internal(format!("A panic at {place}."))
}

/// Standard error belongs to the program: a panic writes nothing, but leaves its place for the error.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            PANICKED_AT.set(place);
        }));
    });
}

const fn used_by_many_threads<T: Send + Sync>() {}
const _: () = used_by_many_threads::<Client>();
const _: () = used_by_many_threads::<Failure>();
const _: () = used_by_many_threads::<Cancellable>();
const _: () = used_by_many_threads::<Queue>();
const _: () = used_by_many_threads::<Call>();
