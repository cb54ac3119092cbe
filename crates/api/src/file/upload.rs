//! What comes in: two parts of a multipart body, of which the file is judged by its content.

use actix_multipart::Multipart;
use actix_web::web::BytesMut;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use kapal_domain::file::{FileName, FileType, MAX_BYTES, is_pdf};
use kapal_domain::ids::MerchantId;
use kapal_domain::{Code, Faults};
use kapal_persistence::NewFile;

use crate::Problem;
use crate::media::{malformed, must_be_multipart, picture_refused, read_part};
use crate::path::parse_id;

/// What was sent.
pub struct Upload {
    /// Whom it is about.
    pub merchant: MerchantId,
    /// The file.
    pub file: BytesMut,
    name: String,
}

/// Longer than any id.
const LONGEST_ID: usize = 100;

/// The parts `file` and `merchant_id`. What is too large or has other parts is not read to its end.
pub async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Upload, Problem> {
    must_be_multipart(request, MAX_BYTES)?;
    let mut form = Multipart::new(request.headers(), payload.into_inner());
    let (mut file, mut merchant) = (None, None);
    while let Some(part) = form.next().await {
        let part = part.map_err(malformed)?;
        match part.name() {
            Some("file") if file.is_none() => {
                let called = part.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default();
                let called = called.to_owned();
                file = Some((called, read_part(part, MAX_BYTES).await?));
            }
            Some("merchant_id") if merchant.is_none() => {
                merchant = Some(read_part(part, LONGEST_ID).await?);
            }
            Some(name @ ("file" | "merchant_id")) => {
                return Err(Problem::field(&format!("/{name}"), Code::DuplicateEntry));
            }
            name => {
                let pointer = format!("/{}", name.unwrap_or_default().chars().take(100).collect::<String>());
                return Err(Problem::field(&pointer, Code::UnknownField));
            }
        }
    }
    let mut faults = Faults::default();
    let file = faults.take("/file", file.ok_or(Code::Required));
    let merchant = match merchant {
        None => Err(Code::Required),
        Some(bytes) => std::str::from_utf8(&bytes).map_err(|_| Code::InvalidId).and_then(parse_id),
    };
    let merchant = faults.take("/merchant_id", merchant);
    let (Some((called, file)), Some(merchant)) = (file, merchant) else { return Err(faults.into()) };
    Ok(Upload { merchant, file, name: called })
}

impl Upload {
    /// The file as it is kept: a PDF as it came, a picture made anew. Burns a core.
    pub fn prepare(self) -> Result<NewFile, Problem> {
        let (media_type, bytes) = if is_pdf(&self.file) {
            (FileType::Pdf, self.file.to_vec())
        } else {
            let picture = kapal_pictures::prepare_one(&self.file).map_err(|refusal| match refusal {
                kapal_pictures::Refusal::NotAPicture => Problem::field("/file", Code::NotEvidence),
                refusal => picture_refused(refusal),
            })?;
            (FileType::Jpeg, picture)
        };
        Ok(NewFile { merchant: self.merchant, name: name_of(&self.name, media_type), media_type, bytes })
    }
}

/// What the file was called on the sender's device, without folders; its ending tells what it is now.
fn name_of(called: &str, media_type: FileType) -> FileName {
    let ending = match media_type {
        FileType::Pdf => "pdf",
        FileType::Jpeg => "jpg",
    };
    let called = called.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = called.rsplit_once('.').map_or(called, |(stem, _)| stem);
    let stem: String = stem.chars().take(150).collect();
    FileName::parse(&format!("{stem}.{ending}"))
        .ok()
        .filter(|_| !stem.trim().is_empty())
        .or_else(|| FileName::parse(&format!("bukti.{ending}")).ok())
        .unwrap_or_else(|| unreachable!("a constant name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folders_and_its_true_ending() {
        for (called, media_type, name) in [
            ("NIB Mama Ina.PDF", FileType::Pdf, "NIB Mama Ina.pdf"),
            ("C:\\foto\\halal.png", FileType::Jpeg, "halal.jpg"),
            ("../../etc/passwd", FileType::Pdf, "passwd.pdf"),
            ("", FileType::Pdf, "bukti.pdf"),
            (".pdf", FileType::Pdf, "bukti.pdf"),
            ("a\u{0}b.pdf", FileType::Pdf, "bukti.pdf"),
        ] {
            assert_eq!(name_of(called, media_type).as_str(), name);
        }
        assert!(name_of(&"x".repeat(500), FileType::Pdf).as_str().len() < 200);
    }
}
