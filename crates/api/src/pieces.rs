//! Bodies that are made while they are sent, so that their length costs no memory.

use actix_web::web::Bytes;
use futures_util::stream::{LocalBoxStream, once, try_unfold};
use futures_util::{StreamExt, TryStreamExt};

use crate::Problem;

/// The body that `step` makes, which gives the next bytes and what is left; nothing is left at the end. The first bytes
/// are made before the answer begins: what fails at once is a problem, later it breaks off, which the reader sees.
pub(crate) async fn in_pieces<S, F>(
    start: S,
    step: impl Fn(S) -> F + Copy + 'static,
) -> Result<LocalBoxStream<'static, Result<Bytes, actix_web::Error>>, Problem>
where
    S: 'static,
    F: Future<Output = Result<(Bytes, Option<S>), Problem>> + 'static,
{
    let (first, rest) = step(start).await?;
    let rest = try_unfold(rest, move |rest| async move {
        match rest {
            Some(rest) => step(rest).await.map(Some),
            None => Ok(None),
        }
    });
    Ok(once(std::future::ready(Ok(first))).chain(rest).map_err(actix_web::Error::from).boxed_local())
}
