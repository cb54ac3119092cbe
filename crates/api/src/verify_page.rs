//! `/verify/{code}`: whether a certificate is genuine, for whoever holds the paper. It shows nothing that the paper does
//! not, and goes on when the aggregator is suspended: what was earned stays earned.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use kapal_domain::certificate::CertificateCode;
use kapal_domain::day::{in_words, period_in_words};
use kapal_domain::locale::Locale;
use kapal_persistence::{Error, PublishedCertificate};

use crate::answer::Answered;
use crate::envelope::locale as asked_locale;
use crate::{App, page};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(verify_page);
}

#[get("/verify/{code}")]
async fn verify_page(app: web::Data<App>, path: web::Path<String>, request: HttpRequest) -> Answered {
    // Codes are not guessed; this keeps anybody from trying.
    app.limits.visitor(&request)?;
    let locale = chosen(&request).unwrap_or_else(|| asked_locale(&request));
    let found = match CertificateCode::parse(&path) {
        Some(code) => match app.db.published_certificate(&code).await {
            Ok(certificate) => Some((code, certificate)),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let mut response = match found {
        Some((code, certificate)) => page::html(&Verified::new(&code, certificate, locale), locale)?,
        None => unknown(locale)?,
    };
    // Revocation counts at once.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The language that the page's own link asks for: `?lang=en`.
fn chosen(request: &HttpRequest) -> Option<Locale> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(name, _)| name == "lang").and_then(|(_, value)| Locale::parse(&value).ok())
}

fn unknown(locale: Locale) -> Answered {
    let words = Words::of(locale);
    let mut response: HttpResponse = page::html(&Unknown { locale, words }, locale)?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

#[derive(Template)]
#[template(path = "verify_unknown.html")]
struct Unknown {
    locale: Locale,
    words: &'static Words,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Verified {
    locale: Locale,
    words: &'static Words,
    other: Locale,
    code: String,
    certificate: PublishedCertificate,
    programme: String,
    /// Which language the programme's name is in.
    programme_locale: Locale,
    period: String,
    issued_on: String,
    revoked_on: Option<String>,
}

impl Verified {
    fn new(code: &CertificateCode, certificate: PublishedCertificate, locale: Locale) -> Self {
        let in_english = locale == Locale::En && !certificate.programme_name_en.is_empty();
        let (programme, programme_locale) = if in_english {
            (certificate.programme_name_en.clone(), Locale::En)
        } else {
            (certificate.programme_name_id.clone(), Locale::Id)
        };
        Self {
            locale,
            words: Words::of(locale),
            other: match locale {
                Locale::Id => Locale::En,
                Locale::En => Locale::Id,
            },
            code: code.to_string(),
            programme,
            programme_locale,
            period: period_in_words(certificate.starts_on, certificate.ends_on, locale),
            issued_on: in_words(certificate.issued_on, locale),
            revoked_on: certificate.revoked_on.map(|day| in_words(day, locale)),
            certificate,
        }
    }
}

/// What the page itself says.
struct Words {
    title: &'static str,
    language: &'static str,
    other_language: &'static str,
    valid: &'static str,
    valid_hint: &'static str,
    revoked: &'static str,
    revoked_hint: &'static str,
    unknown: &'static str,
    unknown_hint: &'static str,
    merchant: &'static str,
    held_back: &'static str,
    programme: &'static str,
    period: &'static str,
    hours: &'static str,
    hour_unit: &'static str,
    issued: &'static str,
    issuer: &'static str,
    number: &'static str,
    code: &'static str,
    revoked_on: &'static str,
    footer: &'static str,
}

impl Words {
    const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Id => &Self {
                title: "Pemeriksaan sertifikat",
                language: "Bahasa",
                other_language: "English",
                valid: "Sertifikat ini asli dan berlaku",
                valid_hint: "Cocokkan isian di bawah ini dengan yang tercetak.",
                revoked: "Sertifikat ini sudah dicabut",
                revoked_hint: "Pernah diterbitkan, tetapi tidak berlaku lagi.",
                unknown: "Kode ini tidak dikenal",
                unknown_hint: "Tidak ada sertifikat dengan kode ini. Cocokkan setiap huruf dan angka dengan yang tercetak; bila tetap tidak dikenal, jangan percayai kertasnya.",
                merchant: "Diberikan kepada",
                held_back: "Nama sedang ditahan atas permintaan pemiliknya",
                programme: "Program",
                period: "Pelaksanaan",
                hours: "Lama",
                hour_unit: "jam pelajaran",
                issued: "Tanggal terbit",
                issuer: "Penerbit",
                number: "Nomor",
                code: "Kode",
                revoked_on: "Dicabut pada",
                footer: "Kapal Induk, etalase usaha kecil Indonesia",
            },
            Locale::En => &Self {
                title: "Certificate check",
                language: "Language",
                other_language: "Bahasa Indonesia",
                valid: "This certificate is genuine and valid",
                valid_hint: "Compare what stands below with the printed one.",
                revoked: "This certificate was revoked",
                revoked_hint: "It was issued once, but counts no more.",
                unknown: "This code is not known",
                unknown_hint: "There is no certificate with this code. Compare every letter and digit with the printed one; if it stays unknown, do not trust the paper.",
                merchant: "Awarded to",
                held_back: "The name is held back, as its owner asked",
                programme: "Programme",
                period: "Held",
                hours: "Length",
                hour_unit: "hours of training",
                issued: "Date of issue",
                issuer: "Issued by",
                number: "Number",
                code: "Code",
                revoked_on: "Revoked on",
                footer: "Kapal Induk, the storefront of Indonesia's small merchants",
            },
        }
    }
}
