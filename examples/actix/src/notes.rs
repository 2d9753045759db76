//! A JSON API: each user's own notes, kept in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{HttpResponse, web};
use clerk_actix::{Forbidden, Requirement, Reverification, Session};
use serde::{Deserialize, Serialize};

/// `GET`, `POST` and `DELETE /notes`, for a scope behind [`RequireSession`](clerk_actix::RequireSession).
pub(crate) fn routes(scope: &mut web::ServiceConfig) {
    let notes = web::resource("/notes").get(list).post(create);
    scope.service(notes.delete(clear));
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

async fn list(notes: web::Data<Notes>, session: Session) -> web::Json<Vec<Note>> {
    web::Json(notes.of(session.user_id()))
}

// `Json` asks for `content-type: application/json`, which a form on another site can't send: no such site can
// write in the name of a user whose browser adds the cookie.
async fn create(
    notes: web::Data<Notes>,
    session: Session,
    new: web::Json<NewNote>,
) -> HttpResponse {
    let note = notes.add(session.user_id(), new.into_inner().text);
    HttpResponse::Created().json(note)
}

/// What is gone is gone, so the user must have signed in not long ago. Clerk's frontend SDK knows the answer to
/// those who have not: it asks them to, and sends the request again.
async fn clear(notes: web::Data<Notes>, session: Session) -> Result<HttpResponse, Forbidden> {
    session.require(&Requirement::new().reverification(Reverification::strict()))?;
    notes.clear(session.user_id());
    Ok(HttpResponse::NoContent().finish())
}

/// The notes of all users, by the user's id.
#[derive(Default)]
pub(crate) struct Notes(Mutex<HashMap<String, Vec<Note>>>);

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
