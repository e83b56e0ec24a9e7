//! The options of the operations: structs that can grow.

use std::mem::offset_of;
use std::ptr;

use wts_session::{Error, Operation};

use crate::cancellable::{Cancellable, Wish};

/// A `bool` of C inside a struct: any byte is a valid one, and all but 0 are true.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Flag(u8);

impl Flag {
    pub(crate) fn is_set(self) -> bool {
        self.0 != 0
    }
}

/// Options of `wts_update_session_status`. Begin with `WTS_UPDATE_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UpdateOptions {
    /// `sizeof(wts_update_options)`: tells the library which members your program knows.
    pub struct_size: usize,
    /// Whether a chatbot that is running in the session is stopped. Default: false.
    pub stop_bot_in_execution: Flag,
    /// Never read. New members come behind it.
    pub reserved: [u8; 7],
    /// Cancels the call from another thread. Null: nobody does. Default: null.
    pub cancellable: *const Cancellable,
}

/// Options of `wts_complete_session`. Begin with `WTS_COMPLETE_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CompleteOptions {
    /// `sizeof(wts_complete_options)`: tells the library which members your program knows.
    pub struct_size: usize,
    /// Whether a chatbot that is running in the session is stopped. Default: false.
    pub stop_bot_in_execution: Flag,
    /// Whether a new message of the contact reopens the session. Default: false.
    pub reactivate_on_new_message: Flag,
    /// Never read. New members come behind it.
    pub reserved: [u8; 6],
    /// Cancels the call from another thread. Null: nobody does. Default: null.
    pub cancellable: *const Cancellable,
}

impl UpdateOptions {
    /// The operation and the wish to cancel it, as the struct at `options` says; null says nothing.
    ///
    /// # Safety
    /// `options` is null or points to as many readable bytes as its first member says, and its `cancellable` is null or not
    /// yet freed.
    pub(crate) unsafe fn read(options: *const Self) -> Result<(Operation, Wish), Error> {
        // SAFETY: the caller vouches for it.
        let given = unsafe { Given::at(options.cast())? };
        let options = wts_session::UpdateOptions::new()
            .stop_bot_in_execution(given.flag(offset_of!(Self, stop_bot_in_execution)));
        // SAFETY: the caller vouches for it.
        let wish = unsafe { Wish::of(given.pointer(offset_of!(Self, cancellable))) };
        Ok((Operation::UpdateSessionStatus(options), wish))
    }
}

impl CompleteOptions {
    /// As [`UpdateOptions::read`].
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn read(options: *const Self) -> Result<(Operation, Wish), Error> {
        // SAFETY: the caller vouches for it.
        let given = unsafe { Given::at(options.cast())? };
        let options = wts_session::CompleteOptions::new()
            .stop_bot_in_execution(given.flag(offset_of!(Self, stop_bot_in_execution)))
            .reactivate_on_new_message(given.flag(offset_of!(Self, reactivate_on_new_message)));
        // SAFETY: the caller vouches for it.
        let wish = unsafe { Wish::of(given.pointer(offset_of!(Self, cancellable))) };
        Ok((Operation::CompleteSession(options), wish))
    }
}

/// A struct of options as the program has it, which may know fewer members than the library, or more.
struct Given {
    start: *const u8,
    size: usize,
}

impl Given {
    /// # Safety
    /// `start` is null or points to a `size_t` that tells how many bytes can be read there.
    unsafe fn at(start: *const u8) -> Result<Self, Error> {
        if start.is_null() {
            return Ok(Self { start, size: 0 });
        }
        // SAFETY: it is not null, and the caller vouches for the rest; nobody vouches for its alignment.
        let size = unsafe { start.cast::<usize>().read_unaligned() };
        if size < size_of::<usize>() {
            return Err(Error::invalid_config(format!(
                "The options have a struct_size of {size}: begin with their initialiser macro."
            )));
        }
        Ok(Self { start, size })
    }

    /// The flag at `offset`; where the program knows none, it is false.
    fn flag(&self, offset: usize) -> bool {
        // SAFETY: `at` was promised that as many bytes can be read.
        offset < self.size && unsafe { self.start.add(offset).read() } != 0
    }

    /// The pointer at `offset`; where the program knows none, it is null.
    fn pointer<T>(&self, offset: usize) -> *const T {
        if self.size < offset + size_of::<*const T>() {
            return ptr::null();
        }
        // SAFETY: `at` was promised that as many bytes can be read.
        unsafe { self.start.add(offset).cast::<*const T>().read_unaligned() }
    }
}
