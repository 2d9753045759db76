//! A JSON API: each user's own notes, kept in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use clerk_axum::{Forbidden, Requirement, Reverification, Session};
use serde::{Deserialize, Serialize};

/// `GET`, `POST` and `DELETE /notes`, for a router behind [`RequireSession`](clerk_axum::RequireSession).
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/notes", get(list).post(create).delete(clear))
        .with_state(Notes::default())
}

#[derive(Clone, Serialize)]
struct Note {
    id: usize,
    text: String,
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn list(State(notes): State<Notes>, session: Session) -> Json<Vec<Note>> {
    Json(notes.of(session.user_id()))
}

// `Json` asks for `content-type: application/json`, which a form on another site can't send: no such site can
// write in the name of a user whose browser adds the cookie.
async fn create(
    State(notes): State<Notes>,
    session: Session,
    Json(new): Json<NewNote>,
) -> (StatusCode, Json<Note>) {
    (
        StatusCode::CREATED,
        Json(notes.add(session.user_id(), new.text)),
    )
}

/// What is gone is gone, so the user must have signed in not long ago. Clerk's frontend SDK knows the answer to
/// those who have not: it asks them to, and sends the request again.
async fn clear(State(notes): State<Notes>, session: Session) -> Result<StatusCode, Forbidden> {
    session.require(&Requirement::new().reverification(Reverification::strict()))?;
    notes.clear(session.user_id());
    Ok(StatusCode::NO_CONTENT)
}

/// The notes of all users, by the user's id.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<HashMap<String, Vec<Note>>>>);

impl Notes {
    fn of(&self, user_id: &str) -> Vec<Note> {
        self.lock().get(user_id).cloned().unwrap_or_default()
    }

    fn clear(&self, user_id: &str) {
        self.lock().remove(user_id);
    }

    fn add(&self, user_id: &str, text: String) -> Note {
        let mut all = self.lock();
        let notes = all.entry(user_id.to_owned()).or_default();
        let note = Note {
            id: notes.len() + 1,
            text,
        };
        notes.push(note.clone());
        note
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Note>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
