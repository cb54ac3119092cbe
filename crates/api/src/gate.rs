//! Input is judged only for whom the access is granted: a handler's arguments are made side by side, and without this a
//! bad body would be told of before the missing permission.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Ready, ready};
use tokio::sync::Semaphore;

use crate::Problem;

/// Shut by the argument that says who asks, opened when it knows. Closing the semaphore lets all who wait through.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    /// Shuts the request's gate.
    pub(crate) fn shut(request: &HttpRequest) -> Self {
        let gate = Self(Arc::new(Semaphore::new(0)));
        request.extensions_mut().insert(gate.clone());
        gate
    }

    /// Lets the arguments through that wait.
    pub(crate) fn open(&self) {
        self.0.close();
    }
}

/// Waits until the access is granted; at once where none is needed.
pub(crate) async fn granted(request: &HttpRequest) {
    let gate = request.extensions().get::<Gate>().cloned();
    if let Some(gate) = gate {
        // It has no permits to give: the answer is that it was closed.
        let _ = gate.0.acquire().await;
    }
}

/// An argument that is there, or a problem that is told when the access is granted.
pub(crate) type Judged<T> = Either<Ready<Result<T, Problem>>, LocalBoxFuture<'static, Result<T, Problem>>>;

/// The argument, or its problem once the access is granted.
pub(crate) fn judged<T: 'static>(request: &HttpRequest, found: Result<T, Problem>) -> Judged<T> {
    match found {
        Ok(value) => Either::Left(ready(Ok(value))),
        Err(problem) => {
            let request = request.clone();
            Either::Right(
                async move {
                    granted(&request).await;
                    Err(problem)
                }
                .boxed_local(),
            )
        }
    }
}
