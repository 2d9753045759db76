//! Real actix-web servers under abuse: the answers stay right.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod server;

use clerk_test_support::abuse;
use server::start;

#[tokio::test]
async fn many_fields_hide_no_token() {
    abuse::many_fields_hide_no_token(start).await;
}

#[tokio::test]
async fn fields_around_the_limit_are_served_or_refused() {
    abuse::fields_around_the_limit_are_served_or_refused(start).await;
}

#[tokio::test]
async fn many_cookie_fields_hide_no_session() {
    abuse::many_cookie_fields_hide_no_session(start).await;
}

#[tokio::test]
async fn many_authorization_fields_count_once_or_are_refused() {
    abuse::many_authorization_fields_count_once_or_are_refused(start).await;
}

#[tokio::test]
async fn a_huge_field_is_refused_and_hides_nothing() {
    abuse::a_huge_field_is_refused_and_hides_nothing(start).await;
}

#[tokio::test]
async fn the_session_is_found_in_any_cookie_field() {
    abuse::the_session_is_found_in_any_cookie_field(start).await;
}

#[tokio::test]
async fn the_first_of_several_cookies_counts_over_http2() {
    abuse::the_first_of_several_cookies_counts_over_http2(start).await;
}

#[tokio::test]
async fn many_streams_each_have_their_own_session() {
    abuse::many_streams_each_have_their_own_session(start).await;
}

#[tokio::test]
async fn each_answer_belongs_to_its_request() {
    abuse::each_answer_belongs_to_its_request(start).await;
}

#[tokio::test]
async fn requests_behind_a_fetch_keep_their_order() {
    abuse::requests_behind_a_fetch_keep_their_order(start).await;
}

#[tokio::test]
async fn connections_may_be_aborted_in_mid_fetch() {
    abuse::connections_may_be_aborted_in_mid_fetch(start).await;
}

#[tokio::test]
async fn streams_may_be_reset_in_mid_fetch() {
    abuse::streams_may_be_reset_in_mid_fetch(start).await;
}

#[tokio::test]
async fn a_panic_in_a_handler_leaves_no_session_behind() {
    abuse::a_panic_in_a_handler_leaves_no_session_behind(start).await;
}

#[tokio::test]
async fn a_panic_in_on_error_leaves_no_session_behind() {
    abuse::a_panic_in_on_error_leaves_no_session_behind(start).await;
}

#[tokio::test]
async fn a_panic_in_key_events_changes_no_answer() {
    abuse::a_panic_in_key_events_changes_no_answer(start).await;
}

#[tokio::test]
async fn a_shutdown_ends_in_mid_fetch() {
    abuse::a_shutdown_ends_in_mid_fetch(start).await;
}

#[tokio::test]
async fn a_shutdown_waits_for_keys_no_longer_than_a_request() {
    abuse::a_shutdown_waits_for_keys_no_longer_than_a_request(start).await;
}

#[tokio::test]
async fn slow_heads_disturb_nobody() {
    abuse::slow_heads_disturb_nobody(start).await;
}

#[tokio::test]
async fn every_answer_names_its_own_user() {
    abuse::every_answer_names_its_own_user(start).await;
}
