//! Structs that begin with `struct_size`, so that they can grow at their end.

use wts_session::Error;

/// No struct of this library is larger, nor will be: a size beyond it was never set.
const MAX_SIZE: usize = 4096;

/// A struct as the program has it, which may know fewer members than the library, or more.
pub(crate) struct Growable {
    start: *const u8,
    size: usize,
}

impl Growable {
    /// The struct at `start`; null has no members.
    ///
    /// # Errors
    /// When its size can't be true.
    ///
    /// # Safety
    /// `start` is null or points to a `size_t` that tells how many bytes can be read there.
    pub(crate) unsafe fn at(start: *const u8) -> Result<Self, Error> {
        if start.is_null() {
            return Ok(Self { start, size: 0 });
        }
        // SAFETY: it is not null, and the caller vouches for the rest; nobody vouches for its alignment.
        let size = unsafe { start.cast::<usize>().read_unaligned() };
        if !(size_of::<usize>()..=MAX_SIZE).contains(&size) {
            return Err(Error::invalid_config(format!(
                "A struct has a struct_size of {size}: begin with its initialiser macro."
            )));
        }
        Ok(Self { start, size })
    }

    /// The member at `offset`, if the program knows it.
    ///
    /// # Safety
    /// Any bytes are a valid `T`.
    pub(crate) unsafe fn member<T: Copy>(&self, offset: usize) -> Option<T> {
        if self.size < offset + size_of::<T>() {
            return None;
        }
        // SAFETY: `at` was promised that as many bytes can be read, and the caller vouches for the type.
        Some(unsafe { self.start.add(offset).cast::<T>().read_unaligned() })
    }

    /// The flag at `offset`; where the program knows none, it is false.
    pub(crate) fn flag(&self, offset: usize) -> bool {
        // SAFETY: any byte is a number.
        unsafe { self.member::<u8>(offset) }.is_some_and(|byte| byte != 0)
    }

    /// The pointer at `offset`; where the program knows none, it is null.
    pub(crate) fn pointer<T>(&self, offset: usize) -> *const T {
        // SAFETY: any bytes are an address, which nothing is read from here.
        unsafe { self.member(offset) }.unwrap_or(std::ptr::null())
    }
}
