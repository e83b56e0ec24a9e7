//! The native half of the Python package `wts_session`: converts, calls core, converts back.

mod async_client;
mod bulk;
mod client;
mod convert;
mod error;
mod fork_safe;
mod interpreter;
mod json;
mod logging;
mod mailbox;
mod operation;
mod outcome;
mod preload;
mod settings;

#[pyo3::pymodule(gil_used = false)]
mod _wts_session {
    use pyo3::prelude::*;

    use crate::interpreter::interpreter_ends;

    #[pymodule_export]
    use crate::async_client::{AsyncCalls, StartedCall};
    #[pymodule_export]
    use crate::bulk::{BulkRun, Canceller};
    #[pymodule_export]
    use crate::client::{Calls, shared_call};
    #[pymodule_export]
    use crate::logging::report_unraisable;
    #[pymodule_export]
    use crate::mailbox::Settled;
    #[pymodule_export]
    use crate::operation::{Operation, complete_session, update_session_status};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", wts_session::VERSION)?;
        let py = module.py();
        crate::interpreter::count_forks(module)?;
        crate::preload::preload(py)?;
        py.import("atexit")?.call_method1("register", (wrap_pyfunction!(interpreter_ends, module)?,))?;
        module.add("error_classes", crate::error::classes(py)?)
    }
}
