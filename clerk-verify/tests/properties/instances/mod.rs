//! Verifiers of one to three Clerk instances: whose token counts, and which cookie is read.

mod apps;
mod bearer;
mod cookies;
mod model;
mod requests;
mod set_ups;
mod tokens;
