//! The public error codes: one table with each code's status, cause and remedy in both languages. It feeds the API's
//! problems, the OpenAPI document, `/errors/{code}` and `docs/errors.md`.

use crate::locale::{Bilingual, Locale};

macro_rules! codes {
    ($($variant:ident = $name:literal $status:literal $title:literal | $judul:literal ; $remedy:literal | $solusi:literal)+) => {
        /// A public error code: never translated, never reused for another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code as the API shows it, such as `wrong_state`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The HTTP status it answers with; codes of single fields stand inside a 422 `validation_failed`.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// What happened, in one sentence.
            #[must_use]
            pub const fn title(self, locale: Locale) -> &'static str {
                match (self, locale) {
                    $((Self::$variant, Locale::En) => $title, (Self::$variant, Locale::Id) => $judul),+
                }
            }

            /// What to do about it, in one sentence.
            #[must_use]
            pub const fn remedy(self, locale: Locale) -> &'static str {
                match (self, locale) {
                    $((Self::$variant, Locale::En) => $remedy, (Self::$variant, Locale::Id) => $solusi),+
                }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json" 400 "The body is not valid JSON." | "Isi permintaan bukan JSON yang sah."; "Send one JSON document in UTF-8, at most 32 levels deep." | "Kirim satu dokumen JSON dalam UTF-8, paling dalam 32 tingkat."
    MalformedRequest = "malformed_request" 400 "The request can't be read." | "Permintaan tidak dapat dibaca."; "Check the address, the headers and the body against the API document." | "Periksa alamat, header, dan isi menurut dokumen API."
    UnknownParameter = "unknown_parameter" 400 "There is no such query parameter here." | "Parameter kueri itu tidak ada di sini."; "Use the parameters that the API document lists for this path." | "Pakai parameter yang tercantum di dokumen API untuk alamat ini."
    InvalidParameter = "invalid_parameter" 400 "A query parameter has a value that is not allowed." | "Nilai parameter kueri tidak diizinkan."; "Correct the value as the detail says." | "Perbaiki nilainya seperti yang dijelaskan."
    InvalidCursor = "invalid_cursor" 400 "The cursor was not made by this server." | "Kursor itu tidak dibuat oleh server ini."; "Start again without a cursor and follow next_cursor." | "Mulai lagi tanpa kursor lalu ikuti next_cursor."
    CursorMismatch = "cursor_mismatch" 400 "The cursor belongs to another list, filter or order." | "Kursor itu milik daftar, saringan, atau urutan lain."; "Keep filters and sort the same while paging, or start without a cursor." | "Jangan ubah saringan dan urutan selama membuka halaman, atau mulai tanpa kursor."
    InvalidIdempotencyKey = "invalid_idempotency_key" 400 "The Idempotency-Key must have 1 to 255 visible ASCII characters." | "Idempotency-Key harus terdiri dari 1 sampai 255 karakter ASCII yang tampak."; "Send a fresh UUID as the key." | "Kirim UUID baru sebagai kunci."
    Unauthenticated = "unauthenticated" 401 "This needs a login." | "Ini memerlukan login."; "Send Authorization: Bearer with an access token from /v1/auth/login." | "Kirim Authorization: Bearer dengan token akses dari /v1/auth/login."
    InvalidToken = "invalid_token" 401 "The token is expired, revoked or not ours." | "Token kedaluwarsa, dicabut, atau bukan milik kami."; "Refresh it at /v1/auth/refresh, or log in again." | "Perbarui di /v1/auth/refresh atau login ulang."
    InvalidCredentials = "invalid_credentials" 401 "The e-mail address or the password is wrong." | "Alamat surel atau kata sandi salah."; "Check both; a forgotten password can be reset." | "Periksa keduanya; kata sandi yang lupa dapat diatur ulang."
    Forbidden = "forbidden" 403 "Your role does not allow this." | "Peran Anda tidak mengizinkan ini."; "Ask an owner of the aggregator for a role with the permission named in the detail." | "Minta pemilik agregator memberi peran dengan izin yang disebut."
    AggregatorSuspended = "aggregator_suspended" 403 "The aggregator is not active: its data can be read but not changed." | "Agregator tidak aktif: datanya dapat dibaca tetapi tidak dapat diubah."; "Ask the platform operator to activate it." | "Minta operator platform mengaktifkannya."
    LinkForged = "link_forged" 403 "The link was not made by this server." | "Tautan itu tidak dibuat oleh server ini."; "Read the file's entry again and use the link that it gives, unchanged." | "Baca ulang data berkas dan pakai tautannya tanpa diubah."
    LinkExpired = "link_expired" 403 "The link's five minutes are over." | "Masa lima menit tautan itu sudah lewat."; "Read the file's entry again: it gives a new link." | "Baca ulang data berkas: tautan baru ada di sana."
    NotFound = "not_found" 404 "There is no such thing here." | "Tidak ada hal seperti itu di sini."; "Check the address; a thing of another aggregator does not show." | "Periksa alamatnya; milik agregator lain tidak terlihat."
    MethodNotAllowed = "method_not_allowed" 405 "This path does not know the method." | "Alamat ini tidak mengenal metode itu."; "Use one of the methods that the Allow header lists." | "Pakai metode yang tercantum di header Allow."
    WrongState = "wrong_state" 409 "This step does not exist from the present state." | "Langkah ini tidak ada dari keadaan sekarang."; "Read the thing again and take a step that its state allows." | "Baca ulang dan pilih langkah yang diizinkan keadaannya."
    ProductPublished = "product_published" 409 "A published product's reviewed fields can't be edited in place." | "Isian yang sudah ditinjau pada produk terbit tidak dapat diubah langsung."; "Unpublish it first, edit it, and publish it again; price and stock can change at once." | "Tarik dulu dari etalase, ubah, lalu terbitkan lagi; harga dan stok dapat berubah seketika."
    SlotOverlap = "slot_overlap" 409 "Another slot of that kind stands at this place, line and time." | "Slot lain sejenis sudah menempati tempat, baris, dan waktu ini."; "Take another time or line, or change the slot that the detail names." | "Pilih waktu atau baris lain, atau ubah slot yang disebut."
    ChangeConflict = "change_conflict" 409 "The product says something else by now than when these edits were made." | "Produk sudah berubah sejak perubahan ini diajukan."; "Read the request again: it names what moved. Edit those fields anew, or reject it." | "Baca ulang pengajuannya: isian yang bergeser disebut. Ubah lagi isian itu, atau tolak pengajuannya."
    NibRequired = "nib_required" 409 "The merchant has no NIB on file: aggregated goods may not be published without the producer's NIB (Permendag 31/2023, article 33)." | "NIB pelaku usaha belum ada: barang agregasi tidak boleh terbit tanpa NIB produsen (Permendag 31/2023 pasal 33)."; "Enter the merchant's NIB, then publish." | "Isi NIB pelaku usaha, lalu terbitkan."
    GateDocumentMissing = "gate_document_missing" 409 "The merchant lacks a verified document that the product's category demands." | "Pelaku usaha belum memiliki dokumen terverifikasi yang diwajibkan kategori produk."; "Enter each document that the detail names, with its evidence, and have it verified." | "Isi tiap dokumen yang disebut beserta buktinya, lalu minta diverifikasi."
    DocumentUnproven = "document_unproven" 409 "A document is verified by its evidence, and this one has none." | "Dokumen diverifikasi dengan bukti, dan yang ini belum ada buktinya."; "Upload the document and name the file in file_id." | "Unggah dokumennya lalu sebut berkasnya di file_id."
    DocumentExpired = "document_expired" 409 "The document's last day is over." | "Masa berlaku dokumen sudah lewat."; "Enter the renewed document." | "Isi dokumen yang sudah diperpanjang."
    MerchantNotActive = "merchant_not_active" 409 "The merchant is not active." | "Pelaku usaha tidak aktif."; "Verify or reinstate the merchant first." | "Verifikasi atau aktifkan kembali pelaku usaha lebih dulu."
    ProductIncomplete = "product_incomplete" 409 "The product lacks something that a storefront needs." | "Produk belum memiliki hal yang diperlukan etalase."; "Add what the detail names." | "Lengkapi hal yang disebut."
    MerchantRestricted = "merchant_restricted" 409 "The processing of this merchant's data is restricted at its request." | "Pemrosesan data pelaku usaha ini dibatasi atas permintaannya."; "Settle the request first; lifting the restriction brings everything back." | "Selesaikan permintaannya lebih dulu; mencabut pembatasan mengembalikan semuanya."
    MerchantObjected = "merchant_objected" 409 "The merchant objects to being judged by figures." | "Pelaku usaha keberatan dinilai dengan angka."; "Decide without scores and assessments, or lift the objection once the merchant agrees." | "Putuskan tanpa nilai dan asesmen, atau cabut keberatan bila pelaku usaha setuju."
    ExportMissing = "export_missing" 409 "The merchant's data were not exported since the request came in." | "Data pelaku usaha belum diekspor sejak permintaan diterima."; "Export them, hand them over, then fulfil the request." | "Ekspor datanya, serahkan, lalu penuhi permintaannya."
    ChangeMissing = "change_missing" 409 "Nothing was changed since the request came in." | "Belum ada yang diubah sejak permintaan diterima."; "Correct the data first, or name the corrected fields in changed." | "Perbaiki datanya lebih dulu, atau sebut isian yang diperbaiki di changed."
    ConsentWithdrawn = "consent_withdrawn" 409 "This consent was taken back already." | "Persetujuan ini sudah ditarik."; "Record a new consent when the person agrees again." | "Catat persetujuan baru bila orangnya setuju lagi."
    DuplicateRequest = "duplicate_request" 409 "The same right is being asked for already." | "Hak yang sama sedang diminta."; "Answer the open request first." | "Jawab permintaan yang masih terbuka lebih dulu."
    MerchantIncomplete = "merchant_incomplete" 409 "The merchant lacks something that this step needs." | "Pelaku usaha belum memiliki hal yang diperlukan langkah ini."; "Add what the detail names." | "Lengkapi hal yang disebut."
    NotAHero = "not_a_hero" 409 "The member is no local hero." | "Anggota ini bukan pahlawan lokal."; "Give the member the role local_hero first." | "Beri anggota itu peran local_hero lebih dulu."
    HeroExists = "hero_exists" 409 "The hero has a profile already." | "Pahlawan lokal ini sudah memiliki profil."; "Edit that profile." | "Ubah profil itu."
    HeroInactive = "hero_inactive" 409 "The hero takes no new merchants." | "Pahlawan lokal ini tidak menerima pelaku usaha baru."; "Choose another hero, or make this one active again." | "Pilih pahlawan lain, atau aktifkan lagi yang ini."
    HeroAtCapacity = "hero_at_capacity" 409 "The hero has as many merchants as he can mentor." | "Pahlawan lokal ini sudah mendampingi sebanyak kapasitasnya."; "Choose another hero, end one of his assignments, or raise his capacity." | "Pilih pahlawan lain, akhiri salah satu penugasannya, atau naikkan kapasitasnya."
    PrimaryTaken = "primary_taken" 409 "The merchant has another primary hero at that time." | "Pelaku usaha ini sudah punya pahlawan utama pada waktu tersebut."; "End that assignment or make it not primary, then repeat." | "Akhiri penugasan itu atau jadikan bukan utama, lalu ulangi."
    NotMutiara = "not_mutiara" 409 "Only mutiara can stand in a featured slot." | "Hanya mutiara yang dapat menempati slot unggulan."; "Nominate the product and have it accepted first." | "Nominasikan produk dan tunggu diterima lebih dulu."
    ProductNotPublished = "product_not_published" 409 "The product is not published." | "Produk belum terbit."; "Publish it first." | "Terbitkan lebih dulu."
    NotShareable = "not_shareable" 409 "It has no public page." | "Halaman publiknya tidak ada."; "Publish the product, or wait until the collection runs, and share it then." | "Terbitkan produknya, atau tunggu sampai koleksinya berjalan, lalu bagikan."
    InUse = "in_use" 409 "Other things depend on it." | "Ada hal lain yang bergantung padanya."; "Archive it instead of deleting it." | "Arsipkan, jangan dihapus."
    DuplicateNib = "duplicate_nib" 409 "Another merchant of this aggregator has this NIB." | "NIB ini sudah dipakai pelaku usaha lain di agregator ini."; "Find that merchant, or correct the number." | "Cari pelaku usaha itu, atau perbaiki nomornya."
    DuplicateSlug = "duplicate_slug" 409 "The slug is taken." | "Slug itu sudah dipakai."; "Choose another slug." | "Pilih slug lain."
    DuplicateSku = "duplicate_sku" 409 "Another variant of this product has this SKU." | "SKU ini sudah dipakai varian lain produk ini."; "Use another SKU." | "Pakai SKU lain."
    DuplicateBarcode = "duplicate_barcode" 409 "Another variant of this product has this barcode." | "Kode batang ini sudah dipakai varian lain produk ini."; "Each variant has a GTIN of its own." | "Tiap varian memiliki GTIN sendiri."
    DuplicateVariant = "duplicate_variant" 409 "Another variant of this product has the same options." | "Varian lain produk ini memiliki pilihan yang sama."; "Choose another combination, or edit that variant." | "Pilih kombinasi lain, atau ubah varian itu."
    DuplicateNomination = "duplicate_nomination" 409 "The product is already mutiara or under review." | "Produk ini sudah mutiara atau sedang ditinjau."; "Wait for the decision, or read the open nomination." | "Tunggu keputusannya, atau baca nominasi yang terbuka."
    AlreadyMember = "already_member" 409 "This person is already a member." | "Orang ini sudah menjadi anggota."; "Change the member's role instead." | "Ubah peran anggota itu."
    LastOwner = "last_owner" 409 "The last owner can't be removed or demoted." | "Pemilik terakhir tidak dapat dihapus atau diturunkan."; "Make another member an owner first." | "Jadikan anggota lain sebagai pemilik lebih dulu."
    ConflictOfInterest = "conflict_of_interest" 409 "Who nominated, mentors or owns a product never scores it." | "Pengusul, pendamping, atau pemilik produk tidak boleh menilainya."; "Let another reviewer score it." | "Biarkan penilai lain menilainya."
    NotEnoughScores = "not_enough_scores" 409 "Too few reviewers have scored." | "Penilai belum cukup."; "Wait until the number of reviewers in the detail has scored." | "Tunggu sampai jumlah penilai yang disebut telah menilai."
    ThirdReviewerNeeded = "third_reviewer_needed" 409 "The reviewers are too far apart: one more has to score." | "Nilai para penilai terlalu berjauhan: satu penilai lagi harus menilai."; "Let another reviewer score it, then decide." | "Minta penilai lain menilai, lalu putuskan."
    NewReviewerNeeded = "new_reviewer_needed" 409 "After an appeal somebody has to score who did not score before." | "Setelah banding, harus ada penilai yang belum pernah menilai."; "Let a reviewer score it who was not part of the first round." | "Minta penilai di luar putaran pertama menilainya."
    GatesShut = "gates_shut" 409 "The product lacks what it needs before it is scored." | "Produk belum memiliki syarat sebelum dinilai."; "Add what the detail names; the nomination lists each gate." | "Lengkapi yang disebut; nominasi memuat tiap syarat."
    AlreadyAppealed = "already_appealed" 409 "A decision is appealed once." | "Banding hanya diajukan satu kali."; "Nominate the product again once it has improved." | "Nominasikan lagi setelah produk diperbaiki."
    BelowThreshold = "below_threshold" 409 "The scores do not reach what a mutiara needs." | "Nilai belum mencapai syarat mutiara."; "Decline with the actions that would help, or have it scored again later." | "Tolak dengan langkah perbaikan, atau nilai lagi nanti."
    ProgrammeFull = "programme_full" 409 "The programme has no free seats." | "Kursi program sudah penuh."; "Wait until somebody leaves, or raise the capacity." | "Tunggu ada yang keluar, atau tambah kapasitas."
    AlreadyEnrolled = "already_enrolled" 409 "The merchant is or was enrolled in this programme." | "Pelaku usaha ini sudah pernah terdaftar di program ini."; "Read the enrolment that is there." | "Lihat pendaftaran yang sudah ada."
    AttendanceTooLow = "attendance_too_low" 409 "Too little of the curriculum was attended." | "Kehadiran belum mencapai syarat."; "Record what was attended, up to the part in the detail." | "Catat kehadiran sampai bagian yang disebut."
    CertificateRevoked = "certificate_revoked" 409 "The certificate was revoked." | "Sertifikat sudah dicabut."; "Its page at /verify says so too; no paper is made of it." | "Halaman /verify juga menyatakannya; tidak dibuat cetakan lagi."
    AssessmentOpen = "assessment_open" 409 "An assessment of this merchant waits for its decision." | "Ada asesmen pelaku usaha ini yang menunggu keputusan."; "Confirm or reject it first." | "Konfirmasi atau tolak dulu."
    OwnAssessment = "own_assessment" 409 "Who assessed does not decide." | "Penilai tidak boleh memutuskan asesmennya sendiri."; "Let another person with mentoring:manage confirm or reject it." | "Biarkan orang lain dengan mentoring:manage memutuskannya."
    CollectionByRule = "collection_by_rule" 409 "The collection's products follow from its rule." | "Isi koleksi ini ditentukan oleh aturannya."; "Change the rule, or set rule to null to choose products by hand." | "Ubah aturannya, atau isi rule dengan null untuk memilih produk sendiri."
    CollectionNamed = "collection_named" 409 "The rule of another collection names this one." | "Aturan koleksi lain menyebut koleksi ini."; "Take it out of that rule first." | "Keluarkan dulu dari aturan itu."
    SubjectErased = "subject_erased" 409 "The personal data of this subject were erased; no new ones are taken." | "Data pribadi subjek ini telah dihapus; data baru tidak diterima."; "Onboard the person or business anew." | "Daftarkan orang atau usaha itu sebagai yang baru."
    IdempotencyInFlight = "idempotency_in_flight" 409 "The first request with this key is still running." | "Permintaan pertama dengan kunci ini masih berjalan."; "Try again after Retry-After seconds." | "Coba lagi setelah Retry-After detik."
    InvitationUsed = "invitation_used" 409 "The invitation was used, taken back, or has expired." | "Undangan sudah dipakai, ditarik, atau kedaluwarsa."; "Ask for a new invitation." | "Minta undangan baru."
    VisitConflict = "visit_conflict" 409 "The visit has another version than the one that this corrects." | "Kunjungan ini sudah memiliki versi lain dari yang dikoreksi."; "Compare current with sent, then send the merged visit with the current base_version." | "Bandingkan current dengan sent, lalu kirim gabungannya dengan base_version terkini."
    ActionItemConflict = "action_item_conflict" 409 "The action item has another version than the one that this changes." | "Tindak lanjut ini sudah memiliki versi lain dari yang diubah."; "Compare current with sent, then send the merged item with the current base_version." | "Bandingkan current dengan sent, lalu kirim gabungannya dengan base_version terkini."
    BaseVersionUnknown = "base_version_unknown" 409 "The version that this builds on has not arrived." | "Versi yang menjadi dasarnya belum diterima."; "Send that version too, then this one again." | "Kirim juga versi tersebut, lalu kirim ulang ini."
    VisitIdTaken = "visit_id_taken" 409 "The id belongs to another visit." | "ID ini milik kunjungan lain."; "Give the visit a new UUID." | "Beri kunjungan UUID baru."
    TooManyVersions = "too_many_versions" 409 "It has been changed as often as may be." | "Sudah diubah sebanyak batasnya."; "Record a new one instead." | "Catat yang baru."
    ActionItemIdTaken = "action_item_id_taken" 409 "The id belongs to an action item of another merchant." | "ID ini milik tindak lanjut pelaku usaha lain."; "Give the action item a new UUID." | "Beri tindak lanjut UUID baru."
    PreconditionFailed = "precondition_failed" 412 "The thing has changed since you read it." | "Data sudah berubah sejak Anda membacanya."; "Read it again and repeat the edit with its present ETag." | "Baca ulang lalu ulangi dengan ETag terbaru."
    PayloadTooLarge = "payload_too_large" 413 "The body is too large." | "Isi permintaan terlalu besar."; "Stay below the limit in the detail." | "Jangan melebihi batas yang disebut."
    FileQuotaExceeded = "file_quota_exceeded" 413 "The aggregator's space for evidence is used up." | "Ruang bukti agregator sudah terpakai habis."; "Send a smaller file, or ask the platform operator." | "Kirim berkas yang lebih kecil, atau hubungi operator platform."
    PictureQuotaExceeded = "picture_quota_exceeded" 409 "The aggregator has as many pictures as it may." | "Jumlah gambar agregator sudah mencapai batas."; "Pictures that nothing shows go after a day; take some off their products, or ask the platform operator." | "Gambar yang tidak ditampilkan terhapus setelah sehari; lepas sebagian dari produknya, atau hubungi operator platform."
    UnsupportedMediaType = "unsupported_media_type" 415 "This content type is not taken here." | "Jenis isi ini tidak diterima di sini."; "Send the content type that the API document names." | "Kirim jenis isi yang disebut dokumen API."
    ValidationFailed = "validation_failed" 422 "Some fields are not right." | "Beberapa isian belum benar."; "Correct every field listed in errors." | "Perbaiki setiap isian di errors."
    IdempotencyKeyReused = "idempotency_key_reused" 422 "The key was used for another request." | "Kunci itu sudah dipakai untuk permintaan lain."; "Use a new key for a new request." | "Pakai kunci baru untuk permintaan baru."
    UnknownField = "unknown_field" 422 "There is no such field." | "Isian itu tidak ada."; "Remove it." | "Hapus isian itu."
    ReadOnlyField = "read_only_field" 422 "The server sets this field." | "Isian ini diisi oleh server."; "Remove it." | "Hapus isian itu."
    WrongType = "wrong_type" 422 "The field has another JSON type." | "Jenis JSON isian ini lain."; "Send the type that the API document names." | "Kirim jenis yang disebut dokumen API."
    Required = "required" 422 "The field must have a value." | "Isian ini wajib."; "Give it a value." | "Isi nilainya."
    TooShort = "too_short" 422 "The text is too short." | "Teks terlalu pendek."; "Write more." | "Tulis lebih panjang."
    TooLong = "too_long" 422 "The text or list is too long." | "Teks atau daftar terlalu panjang."; "Shorten it." | "Pendekkan."
    InvalidCharacters = "invalid_characters" 422 "The text has control, direction or unassigned characters." | "Teks memuat karakter kendali, arah, atau tak terdefinisi."; "Remove them." | "Hapus karakter itu."
    InvalidEmail = "invalid_email" 422 "This is not an e-mail address." | "Ini bukan alamat surel."; "Write it as name@example.id." | "Tulis seperti nama@contoh.id."
    InvalidPhone = "invalid_phone" 422 "This is not a phone number." | "Ini bukan nomor telepon."; "Write it as +6281234567890." | "Tulis seperti +6281234567890."
    InvalidSlug = "invalid_slug" 422 "A slug has 2 to 80 of a-z, 0-9 and single dashes." | "Slug terdiri dari 2 sampai 80 huruf a-z, angka, dan tanda hubung tunggal."; "Write it as keripik-tempe." | "Tulis seperti keripik-tempe."
    ReservedSlug = "reserved_slug" 422 "This slug is kept for the platform." | "Slug ini dicadangkan platform."; "Choose another one." | "Pilih yang lain."
    InvalidNib = "invalid_nib" 422 "A NIB has 13 digits." | "NIB terdiri dari 13 angka."; "Copy it from the OSS document." | "Salin dari dokumen OSS."
    InvalidNik = "invalid_nik" 422 "A NIK has 16 digits." | "NIK terdiri dari 16 angka."; "Copy it from the identity card." | "Salin dari KTP."
    ImpossibleNikDate = "impossible_nik_date" 422 "The birth date within the NIK does not exist." | "Tanggal lahir di dalam NIK tidak ada."; "Compare digits 7 to 12 with the identity card: day (from 41 for women), month, year." | "Bandingkan angka ke-7 sampai ke-12 dengan KTP: tanggal (mulai 41 bagi perempuan), bulan, tahun."
    InvalidNpwp = "invalid_npwp" 422 "An NPWP has 15 or 16 digits." | "NPWP terdiri dari 15 atau 16 angka."; "Copy it from the tax card." | "Salin dari kartu NPWP."
    InvalidKbli = "invalid_kbli" 422 "A KBLI code has 5 digits." | "Kode KBLI terdiri dari 5 angka."; "Copy the code and its edition, 2020 or 2025, from the NIB document." | "Salin kode dan edisinya, 2020 atau 2025, dari dokumen NIB."
    InvalidBankCode = "invalid_bank_code" 422 "A bank's clearing code has 3 digits." | "Kode bank terdiri dari 3 angka."; "Write it as 014, or leave it away." | "Tulis seperti 014, atau kosongkan."
    InvalidAccountNumber = "invalid_account_number" 422 "An account number has 6 to 20 digits." | "Nomor rekening terdiri dari 6 sampai 20 angka."; "Copy it from the bank book." | "Salin dari buku tabungan."
    OutsideIndonesia = "outside_indonesia" 422 "The place is outside Indonesia." | "Tempat itu di luar Indonesia."; "Check the sign and the order: latitude from -11.2 to 6.3, longitude from 94.7 to 141.1." | "Periksa tanda dan urutannya: lintang -11,2 sampai 6,3, bujur 94,7 sampai 141,1."
    InvalidDocumentNumber = "invalid_document_number" 422 "This is not a number of such a document." | "Ini bukan nomor dokumen seperti itu."; "Copy the certificate's own number, with its letters." | "Salin nomor sertifikatnya sendiri, beserta hurufnya."
    InvalidRegion = "invalid_region" 422 "There is no active region of that kind with this code." | "Tidak ada wilayah aktif yang sesuai dengan kode itu."; "Search /v1/regions for a regency or district." | "Cari kabupaten, kota, atau kecamatan di /v1/regions."
    InvalidLocale = "invalid_locale" 422 "This language is not offered." | "Bahasa ini belum tersedia."; "Use id or en." | "Pakai id atau en."
    InvalidMoney = "invalid_money" 422 "This is not an amount of money." | "Ini bukan jumlah uang."; "Write whole rupiah as a decimal string, such as \"75000\"." | "Tulis rupiah bulat sebagai teks, misalnya \"75000\"."
    InvalidCurrency = "invalid_currency" 422 "This currency is not taken here." | "Mata uang ini tidak diterima di sini."; "Use IDR." | "Pakai IDR."
    OutOfRange = "out_of_range" 422 "The number is outside its bounds." | "Angka di luar batas."; "Stay within the bounds of the API document." | "Ikuti batas pada dokumen API."
    InvalidChoice = "invalid_choice" 422 "This is not one of the choices." | "Ini bukan salah satu pilihan."; "Use one of the values of the API document." | "Pakai salah satu nilai pada dokumen API."
    OtherSlotMode = "other_slot_mode" 422 "A slot of this mode has no such field." | "Slot dengan mode ini tidak memiliki isian itu."; "A fixed slot has product_ids; a rotating one has places, window_hours and longest_wait." | "Slot tetap memakai product_ids; slot bergilir memakai places, window_hours, dan longest_wait."
    InvalidHandle = "invalid_handle" 422 "This is not an account of that network." | "Ini bukan akun jaringan tersebut."; "Write the account name or paste its page address." | "Tulis nama akun atau tempel alamat halamannya."
    InvalidVideo = "invalid_video" 422 "This is not the address of one video on YouTube, TikTok, Instagram or Facebook." | "Ini bukan alamat satu video di YouTube, TikTok, Instagram, atau Facebook."; "Open the video there, copy its https address, and paste it." | "Buka videonya di sana, salin alamat https-nya, lalu tempel."
    InvalidTimeZone = "invalid_time_zone" 422 "There is no such time zone." | "Zona waktu itu tidak ada."; "Use an IANA name such as Asia/Jakarta." | "Pakai nama IANA seperti Asia/Jakarta."
    InvalidPeriod = "invalid_period" 422 "The end must be later than the start." | "Akhir harus sesudah awal."; "Correct one of the two." | "Perbaiki salah satunya."
    ExpiresBeforeIssued = "expires_before_issued" 422 "The document ends before it was issued." | "Dokumen berakhir sebelum diterbitkan."; "Correct issued_on or expires_on." | "Perbaiki issued_on atau expires_on."
    DateInFuture = "date_in_future" 422 "The time lies in the future." | "Waktunya di masa depan."; "Check the date, and the clock that it came from." | "Periksa tanggalnya dan jam perangkatnya."
    InvalidLanguage = "invalid_language" 422 "This is not a language." | "Ini bukan kode bahasa."; "Use a code such as id, jv, su, min, bug or ban." | "Pakai kode seperti id, jv, su, min, bug, atau ban."
    InvalidDate = "invalid_date" 422 "This is not a date or time of the expected form." | "Ini bukan tanggal atau waktu dengan bentuk yang diharapkan."; "Write RFC 3339, such as 2026-11-24T03:00:00Z." | "Tulis RFC 3339, misalnya 2026-11-24T03:00:00Z."
    DateTooOld = "date_too_old" 422 "The time lies too far in the past." | "Waktunya terlalu lampau."; "Record what happened within the last two years." | "Catat yang terjadi dalam dua tahun terakhir."
    InvalidId = "invalid_id" 422 "This is not an id." | "Ini bukan id."; "Send the UUID that the API gave." | "Kirim UUID yang diberikan API."
    InvalidPin = "invalid_pin" 422 "A PIN has 6 digits." | "PIN terdiri dari 6 angka."; "Send it as a text of 6 digits." | "Kirim sebagai teks 6 angka."
    PinTooCommon = "pin_too_common" 422 "This PIN is easy to guess." | "PIN ini mudah ditebak."; "Choose one without a row or a repetition." | "Pilih yang tanpa urutan atau pengulangan."
    ConfirmationInvalid = "confirmation_invalid" 422 "The confirmation is not this merchant's." | "Konfirmasi ini bukan dari pelaku usaha tersebut."; "Ask the merchant for the present PIN or a new signature, or send the visit without a confirmation." | "Minta PIN terbaru atau tanda tangan baru, atau kirim kunjungan tanpa konfirmasi."
    ConsentMissing = "consent_missing" 422 "This is kept only with consent." | "Ini disimpan hanya dengan persetujuan."; "Ask first and send consent: true, or leave it away." | "Minta izin dahulu dan kirim consent: true, atau hilangkan."
    InvalidPointer = "invalid_pointer" 422 "This is not the name of a field." | "Ini bukan nama isian."; "Write a JSON pointer such as /profile/address." | "Tulis penunjuk JSON seperti /profile/address."
    InvalidHash = "invalid_hash" 422 "This is not a SHA-256." | "Ini bukan SHA-256."; "Send 64 small hexadecimal digits." | "Kirim 64 digit heksadesimal kecil."
    InvalidColour = "invalid_colour" 422 "This is not a colour." | "Ini bukan warna."; "Write it as #1a6b54." | "Tulis seperti #1a6b54."
    InvalidRubric = "invalid_rubric" 422 "A rubric's weights must add up to 100." | "Bobot rubrik harus berjumlah 100."; "Correct the weights." | "Perbaiki bobotnya."
    InvalidAnchors = "invalid_anchors" 422 "A criterion has anchors for 1, 3 and 5 points, or for every one." | "Kriteria memiliki patokan untuk nilai 1, 3, dan 5, atau untuk setiap nilai."; "Describe these points, in this order." | "Jelaskan nilai-nilai itu, menurut urutannya."
    InvalidContact = "invalid_contact" 422 "This is neither a phone number nor an e-mail address." | "Ini bukan nomor telepon maupun alamat surel."; "Write it as +6281234567890 or name@example.id." | "Tulis seperti +6281234567890 atau nama@contoh.id."
    MissingScore = "missing_score" 422 "A criterion has no score." | "Ada kriteria tanpa nilai."; "Score every criterion of the rubric." | "Nilai semua kriteria rubrik."
    UnknownCriterion = "unknown_criterion" 422 "The rubric has no such criterion." | "Rubrik tidak memiliki kriteria itu."; "Use the keys of the rubric." | "Pakai kunci kriteria pada rubrik."
    ComputedCriterion = "computed_criterion" 422 "The system computes this criterion; it can't be declared." | "Kriteria ini dihitung sistem; tidak dapat dinyatakan sendiri."; "Leave it out: the answer shows what was found." | "Jangan dikirim: jawaban memuat hasilnya."
    EvidenceRequired = "evidence_required" 422 "A criterion that is met needs evidence." | "Kriteria yang terpenuhi memerlukan bukti."; "Upload a file of the merchant and name its id." | "Unggah berkas pelaku usaha dan sebut id-nya."
    RuleEmpty = "rule_empty" 422 "The rule asks for nothing, so it would take in everything." | "Aturan tidak meminta apa pun, jadi semua produk akan masuk."; "Give it at least one criterion." | "Beri sedikitnya satu syarat."
    RuleContradictory = "rule_contradictory" 422 "No product can meet both prices." | "Tidak ada produk yang memenuhi kedua harga itu."; "Let price_from be at most price_to, in one currency." | "Isi price_from paling tinggi price_to, dalam satu mata uang."
    RuleMatchesItself = "rule_matches_itself" 422 "The rule leads back to its own collection." | "Aturan itu kembali ke koleksinya sendiri."; "Name collections whose rules don't name this one, directly or by way of others." | "Sebut koleksi yang aturannya tidak menyebut koleksi ini, langsung atau lewat koleksi lain."
    RuleTooDeep = "rule_too_deep" 422 "More than three collections would build on each other." | "Lebih dari tiga koleksi akan saling bertumpu."; "Name the collections at the bottom directly." | "Sebut langsung koleksi paling dasar."
    UnknownReference = "unknown_reference" 422 "The thing that this field names does not exist." | "Hal yang disebut isian ini tidak ada."; "Use an id that you can read." | "Pakai id yang dapat Anda baca."
    DuplicateEntry = "duplicate_entry" 422 "The list names the same thing twice." | "Daftar menyebut hal yang sama dua kali."; "Name it once." | "Sebut satu kali."
    InvalidKey = "invalid_key" 422 "A key has 1 to 40 of a-z, 0-9 and single dashes or underscores." | "Kunci terdiri dari 1 sampai 40 huruf a-z, angka, dan tanda hubung atau garis bawah tunggal."; "Write it as net_weight or 250-g." | "Tulis seperti net_weight atau 250-g."
    CategoryCycle = "category_cycle" 422 "A category can't stand below itself." | "Kategori tidak dapat berada di bawah dirinya sendiri."; "Choose a parent outside its own branches." | "Pilih induk di luar cabangnya sendiri."
    CategoryTooDeep = "category_too_deep" 422 "The tree of categories has four levels." | "Pohon kategori memiliki empat tingkat."; "Choose a parent that stands higher." | "Pilih induk yang lebih tinggi."
    UnknownAttribute = "unknown_attribute" 422 "The product's category asks for no such attribute." | "Kategori produk tidak memiliki atribut itu."; "Use the keys that /v1/categories gives for the category." | "Pakai kunci yang diberikan /v1/categories untuk kategori itu."
    AttributeMissing = "attribute_missing" 422 "The category asks for this attribute." | "Kategori ini mewajibkan atribut tersebut."; "Give it a value, then submit the product again." | "Isi nilainya, lalu ajukan produknya lagi."
    UnknownOption = "unknown_option" 422 "The product has no such option." | "Produk tidak memiliki pilihan itu."; "Use the keys of the product's options." | "Pakai kunci pilihan produk."
    OptionInUse = "option_in_use" 422 "A variant has a value that these options no longer have." | "Ada varian dengan nilai yang tidak lagi tersedia di pilihan ini."; "Change or remove the variant first." | "Ubah atau hapus variannya lebih dulu."
    InvalidBarcode = "invalid_barcode" 422 "A GTIN has 8, 12, 13 or 14 digits." | "GTIN terdiri dari 8, 12, 13, atau 14 angka."; "Copy all digits below the barcode, or leave it away." | "Salin semua angka di bawah kode batang, atau kosongkan."
    WrongCheckDigit = "wrong_check_digit" 422 "The last digit of the GTIN does not fit the others." | "Angka terakhir GTIN tidak cocok dengan yang lain."; "Compare each digit with the barcode." | "Cocokkan tiap angka dengan kode batangnya."
    ComparePriceTooLow = "compare_price_too_low" 422 "The price to compare with is below the price." | "Harga pembanding lebih rendah dari harga jual."; "Raise it, or leave it away." | "Naikkan, atau kosongkan."
    InvalidHsCode = "invalid_hs_code" 422 "This is not a code of the Harmonized System." | "Ini bukan kode HS."; "Copy 6 to 8 digits from the tariff book (BTKI), such as 090121; a chapter is 01 to 97." | "Salin 6 sampai 8 angka dari BTKI, misalnya 090121; bab HS adalah 01 sampai 97."
    InvalidCountry = "invalid_country" 422 "There is no such country code." | "Kode negara itu tidak ada."; "Use two letters of ISO 3166-1, such as ID." | "Pakai dua huruf ISO 3166-1, misalnya ID."
    HalalStatusRequired = "halal_status_required" 422 "Food says whether it is halal." | "Makanan dan minuman wajib menyatakan status halal."; "Use certified, in_process or declared_non_halal." | "Pakai certified, in_process, atau declared_non_halal."
    HalalUnproven = "halal_unproven" 422 "There is no halal certificate behind this." | "Belum ada sertifikat halal yang mendasarinya."; "Have the merchant's halal certificate verified, or enter the product's own." | "Minta sertifikat halal pelaku usaha diverifikasi, atau isi sertifikat produknya."
    InsufficientStock = "insufficient_stock" 422 "The stock can't go below zero." | "Stok tidak dapat kurang dari nol."; "Take at most what is there." | "Ambil paling banyak yang tersedia."
    PasswordTooShort = "password_too_short" 422 "A password has at least 12 characters." | "Kata sandi paling sedikit 12 karakter."; "Use several words." | "Pakai beberapa kata."
    PasswordTooLong = "password_too_long" 422 "A password has at most 128 characters." | "Kata sandi paling banyak 128 karakter."; "Shorten it." | "Pendekkan."
    PasswordTooCommon = "password_too_common" 422 "This password is easy to guess." | "Kata sandi ini mudah ditebak."; "Use several words that don't belong together." | "Pakai beberapa kata yang tidak berhubungan."
    LeadNotWon = "lead_not_won" 422 "Only a lead that was won has a value." | "Hanya prospek yang berhasil yang punya nilai."; "Move the lead to won, then say its value." | "Ubah status prospek menjadi won, lalu isi nilainya."
    NotEvidence = "not_evidence" 422 "The file is neither a PDF nor a JPEG, PNG or WebP picture." | "Berkas bukan PDF dan bukan gambar JPEG, PNG, atau WebP."; "Send a scan or a photo of the document." | "Kirim pindaian atau foto dokumennya."
    NotAPicture = "not_a_picture" 422 "The file is not a JPEG, PNG or WebP picture." | "Berkas bukan gambar JPEG, PNG, atau WebP."; "Send the photo itself in one of these formats." | "Kirim foto dalam salah satu format itu."
    PictureTooLarge = "picture_too_large" 422 "The picture has too many pixels." | "Piksel gambar terlalu banyak."; "Send at most 40 megapixels and 12,000 pixels a side." | "Kirim paling banyak 40 megapiksel dan 12.000 piksel per sisi."
    PictureTooSmall = "picture_too_small" 422 "The picture is too small to show." | "Gambar terlalu kecil untuk ditampilkan."; "Send at least 100 by 100 pixels." | "Kirim paling kecil 100 kali 100 piksel."
    PictureDamaged = "picture_damaged" 422 "The picture can't be decoded." | "Gambar tidak dapat dibuka."; "Save it again and send it once more." | "Simpan ulang lalu kirim kembali."
    PreconditionRequired = "precondition_required" 428 "This change needs If-Match." | "Perubahan ini memerlukan If-Match."; "Send the ETag that you read as If-Match." | "Kirim ETag yang Anda baca sebagai If-Match."
    RateLimited = "rate_limited" 429 "Too many requests." | "Terlalu banyak permintaan."; "Wait Retry-After seconds." | "Tunggu Retry-After detik."
    ConfirmationLocked = "confirmation_locked" 429 "Too many wrong PINs were tried for this merchant." | "Terlalu banyak PIN salah untuk pelaku usaha ini."; "Send it again later, with the present PIN." | "Kirim lagi nanti dengan PIN terbaru."
    HeadersTooLarge = "headers_too_large" 431 "The header fields are too large." | "Header terlalu besar."; "Send less than 16 KiB of headers." | "Kirim header kurang dari 16 KiB."
    Internal = "internal" 500 "Something broke on our side." | "Terjadi kesalahan di pihak kami."; "Try again; when it stays, tell us the request id." | "Coba lagi; bila tetap terjadi, beri tahu kami id permintaan."
    Overloaded = "overloaded" 503 "The server is busy." | "Server sedang sibuk."; "Try again after Retry-After seconds." | "Coba lagi setelah Retry-After detik."
    Unavailable = "unavailable" 503 "The database is away." | "Basis data sedang tidak tersedia."; "Try again after Retry-After seconds; nothing was changed." | "Coba lagi setelah Retry-After detik; tidak ada yang berubah."
    StorageFull = "storage_full" 507 "There is no space left to store this." | "Ruang penyimpanan habis."; "Try again later; nothing was changed." | "Coba lagi nanti; tidak ada yang berubah."
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule that says no to the whole request: a code, and what it says about this case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub code: Code,
    /// About this case, such as the state that the thing is in.
    pub detail: Option<Bilingual<String>>,
}

impl Refusal {
    /// A refusal with a detail in English alone.
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        let en = detail.into();
        Self::explained(code, Bilingual { id: en.clone(), en })
    }

    /// A refusal with a detail in both languages.
    pub fn explained(code: Code, detail: Bilingual<String>) -> Self {
        Self { code, detail: Some(detail) }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, detail: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_codes_are_written_alike() {
        let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
