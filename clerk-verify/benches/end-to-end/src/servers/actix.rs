//! On actix-web.

use std::net::TcpListener;

use actix_web::{App, HttpServer, rt::System, web};
use clerk_actix::{RequireSession, Verifier};

use super::BODY;
use crate::Result;

pub(super) fn serve(listener: TcpListener, verifier: Option<Verifier>) -> Result<()> {
    System::new().block_on(async {
        match verifier {
            None => {
                let app = || App::new().route("/", web::get().to(hello));
                HttpServer::new(app)
                    .workers(1)
                    .listen(listener)?
                    .run()
                    .await?;
            }
            Some(verifier) => {
                let app = move || {
                    let guard = RequireSession::new(verifier.clone());
                    App::new().service(web::resource("/").wrap(guard).get(hello))
                };
                HttpServer::new(app)
                    .workers(1)
                    .listen(listener)?
                    .run()
                    .await?;
            }
        }
        Ok(())
    })
}

async fn hello() -> &'static str {
    BODY
}
