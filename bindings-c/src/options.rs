//! The options of the operations.

use std::mem::offset_of;

use wts_session::{Error, Operation};

use crate::cancellable::{CancelToken, Cancellable};
use crate::convert::Flag;
use crate::growable::Growable;

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
    /// The operation and what cancels it, as the struct at `options` says; null says nothing.
    ///
    /// # Safety
    /// `options` is null or points to as many readable bytes as its first member says, and its `cancellable` is null or not
    /// yet freed.
    pub(crate) unsafe fn read(options: *const Self) -> Result<(Operation, CancelToken), Error> {
        // SAFETY: the caller vouches for it.
        let given = unsafe { Growable::at(options.cast())? };
        let options = wts_session::UpdateOptions::new()
            .stop_bot_in_execution(given.flag(offset_of!(Self, stop_bot_in_execution)));
        // SAFETY: the caller vouches for it.
        let token = unsafe { CancelToken::of(given.pointer(offset_of!(Self, cancellable))) };
        Ok((Operation::UpdateSessionStatus(options), token))
    }
}

impl CompleteOptions {
    /// As [`UpdateOptions::read`].
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn read(options: *const Self) -> Result<(Operation, CancelToken), Error> {
        // SAFETY: the caller vouches for it.
        let given = unsafe { Growable::at(options.cast())? };
        let options = wts_session::CompleteOptions::new()
            .stop_bot_in_execution(given.flag(offset_of!(Self, stop_bot_in_execution)))
            .reactivate_on_new_message(given.flag(offset_of!(Self, reactivate_on_new_message)));
        // SAFETY: the caller vouches for it.
        let token = unsafe { CancelToken::of(given.pointer(offset_of!(Self, cancellable))) };
        Ok((Operation::CompleteSession(options), token))
    }
}
