//! The border to C. Every exported function runs inside one of the functions here: no panic crosses it, and what goes out
//! is always set.

use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::Once;

use wts_session::Error;

use crate::process;

/// What a function that can fail returns when it succeeds.
pub(crate) const OK: i32 = 0;

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

/// Nothing: there is no place for it either.
impl ForC for () {
    type Target = ();

    fn into_pointer(self) -> *mut () {
        ptr::null_mut()
    }

    unsafe fn from_pointer(_: *mut ()) {}
}

/// What a panic may leave half changed.
pub(crate) trait Poison {
    /// Marks it as unusable.
    fn poison(&mut self);
}

/// Runs what may fail. The result goes to `out`, the error to `out_error`, and null to the other one.
///
/// # Safety
/// `out` and `out_error` are each null or can be written to.
pub(crate) unsafe fn fallible<T: ForC, E: From<Error>>(
    out: *mut *mut T::Target,
    out_error: *mut *mut E,
    work: impl FnOnce() -> Result<T, Error>,
) -> i32 {
    // SAFETY: the caller vouches for both.
    unsafe {
        set(out, ptr::null_mut);
        set(out_error, ptr::null_mut);
    }
    match caught(work).and_then(|outcome| outcome) {
        Ok(result) => {
            // SAFETY: the caller vouches for it.
            unsafe { set(out, || result.into_pointer()) };
            OK
        }
        Err(error) => {
            let code = error.kind().number();
            // SAFETY: the caller vouches for it.
            unsafe { set(out_error, || Box::new(E::from(error)).into_pointer()) };
            code
        }
    }
}

/// Changes what `target` points to, if it is not null. A panic in the middle poisons it.
///
/// # Safety
/// `target` is null or from [`ForC`], and nobody else uses it meanwhile.
pub(crate) unsafe fn setting<T: Poison>(target: *mut T, change: impl FnOnce(&mut T)) {
    // SAFETY: the caller vouches for it.
    let Some(target) = (unsafe { target.as_mut() }) else {
        return;
    };
    if caught(|| change(target)).is_err() {
        target.poison();
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
    /// Where the latest panic of this thread was. A thread that ends has no such value any more.
    static PANICKED_AT: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs `work`; a panic inside becomes an error.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    prepare();
    let work = || {
        #[cfg(feature = "panic-switch")]
        crate::panic_switch::panic_if_on();
        work()
    };
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| panicked())
}

/// The latest panic of this thread as an error that tells its place.
pub(crate) fn panicked() -> Error {
    let place = PANICKED_AT.try_with(Cell::take).ok().flatten();
    Error::internal(format!("A panic at {}.", place.as_deref().unwrap_or("a place that is not known")))
}

/// The loader calls it. Were this left to the first call, a fork during that call in another thread would leave it half
/// done, and the child would wait for its end for ever.
#[cfg(unix)]
#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        prepare();
    }
    at_load
};

/// What is done once in a process.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        keep_panics_quiet();
        process::introduce();
    });
}

/// Standard error belongs to the program: a panic writes nothing, but leaves its place for the error.
fn keep_panics_quiet() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let _ = PANICKED_AT.try_with(|panicked_at| panicked_at.set(place));
    }));
}

/// Compiles for what many threads may use at the same time.
pub(crate) const fn used_by_many_threads<T: Send + Sync>() {}
