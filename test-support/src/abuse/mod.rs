//! Servers under abuse, whatever framework they are built with: floods, broken connections, panics, shutdown.
//!
//! Each adapter's tests start the same server, and the functions here abuse it and say what must come of it.

mod aborted;
mod connection;
mod counts;
mod crowd;
mod header_floods;
mod http2;
mod load;
mod nothing_stays;
mod panics;
mod pipelining;
mod running;
mod shutdown;
mod slow_heads;
mod split_cookies;

pub use self::{
    aborted::{connections_may_be_aborted_in_mid_fetch, streams_may_be_reset_in_mid_fetch},
    header_floods::{
        a_huge_field_is_refused_and_hides_nothing, fields_around_the_limit_are_served_or_refused,
        many_authorization_fields_count_once_or_are_refused, many_cookie_fields_hide_no_session,
        many_fields_hide_no_token,
    },
    load::every_answer_names_its_own_user,
    nothing_stays::{nothing_stays_of_a_server, nothing_stays_of_abuse},
    panics::{
        a_panic_in_a_handler_leaves_no_session_behind, a_panic_in_key_events_changes_no_answer,
        a_panic_in_on_error_leaves_no_session_behind,
    },
    pipelining::{each_answer_belongs_to_its_request, requests_behind_a_fetch_keep_their_order},
    running::{Running, Setup, Start, Stop, Traffic, Visit},
    shutdown::{a_shutdown_ends_in_mid_fetch, a_shutdown_waits_for_keys_no_longer_than_a_request},
    slow_heads::slow_heads_disturb_nobody,
    split_cookies::{
        many_streams_each_have_their_own_session, the_first_of_several_cookies_counts_over_http2,
        the_session_is_found_in_any_cookie_field,
    },
};
