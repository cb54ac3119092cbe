//! The pictures: drawn on all cores, prepared and stored like uploads.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Db, NewMedia, Objects, PictureFile, hex, sha256};
use kapal_pictures::{Motif, Picture, draw, prepare};

use super::plan::Plan;
use super::progress::Progress;

/// What is stored of each motif.
pub type Drawn = HashMap<Motif, NewMedia>;

/// The motifs of a plan, each once.
pub fn motifs(plan: &Plan) -> HashSet<Motif> {
    let products = plan.aggregators.iter().flat_map(|a| a.products());
    products.flat_map(|(_, product)| &product.pictures).map(|(motif, _)| *motif).collect()
}

/// Draws and stores them.
pub async fn draw_all(
    motifs: HashSet<Motif>,
    db: &Db,
    objects: &Objects,
    progress: &Progress,
) -> Result<Drawn> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    stream::iter(motifs)
        .map(async |motif| {
            let (hash, picture) = tokio::task::spawn_blocking(move || make(motif)).await??;
            let new = describe(&hash, &picture)?;
            let both = picture.renditions.into_iter().map(|made| {
                let file = |format, bytes| PictureFile { width: made.width, format, bytes };
                [file(PictureFormat::Jpeg, made.jpeg), file(PictureFormat::Webp, made.webp)]
            });
            db.store_picture(objects, &hash, both.flatten().collect()).await?;
            progress.add("drawing pictures", 1);
            Ok((motif, new))
        })
        // One more than cores, so that they draw while files are written.
        .buffer_unordered(cores + 1)
        .try_collect()
        .await
}

fn make(motif: Motif) -> Result<(String, Picture)> {
    let file = draw(&motif);
    let picture = prepare(&file).with_context(|| format!("preparing {motif:?}"))?;
    Ok((hex(&sha256(&file)), picture))
}

fn describe(hash: &str, picture: &Picture) -> Result<NewMedia> {
    Ok(NewMedia {
        hash: hash.to_owned(),
        width: picture.width.try_into()?,
        height: picture.height.try_into()?,
        widths: picture.renditions.iter().map(|r| Ok(r.width.try_into()?)).collect::<Result<_>>()?,
        blurhash: picture.blurhash.clone(),
    })
}
