/** The version of this header; `wts_version()` gives the one of the library that is running. */
#define WTS_VERSION "@VERSION@"
#define WTS_VERSION_MAJOR @MAJOR@
#define WTS_VERSION_MINOR @MINOR@
#define WTS_VERSION_PATCH @PATCH@
/** Whether this header is of this version or a later one. */
#define WTS_VERSION_IS_AT_LEAST(major, minor, patch)                                                                   \
    (WTS_VERSION_MAJOR * 1000000 + WTS_VERSION_MINOR * 1000 + WTS_VERSION_PATCH >=                                     \
     (major) * 1000000 + (minor) * 1000 + (patch))

/* What this header offers beyond the first one: a program that may meet an older one asks with #ifdef. */
@FEATURES@

/** Initialises a `wts_update_options` with the defaults. */
#define WTS_UPDATE_OPTIONS_INIT {sizeof(wts_update_options), false, {0}, NULL}
/** Initialises a `wts_complete_options` with the defaults. */
#define WTS_COMPLETE_OPTIONS_INIT {sizeof(wts_complete_options), false, false, {0}, NULL}
/** Initialises a `wts_error_details` with the defaults. */
#define WTS_ERROR_DETAILS_INIT                                                                                         \
    {sizeof(wts_error_details), WTS_INTERNAL, 0, -1, NULL, NULL, NULL, NULL, NULL, 0, false, false, {0}}
