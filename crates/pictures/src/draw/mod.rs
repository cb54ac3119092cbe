//! The demonstration's pictures: flat illustrations on grounds after Indonesian textiles, drawn by code.

mod crafts;
mod drinks;
mod garden;
mod pantry;
mod pattern;
mod pen;
mod scene;
mod spices;
mod textiles;
mod treats;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use pen::Pen;
use scene::{CALM, EARTHY, FRESH, NOBLE, Scheme, WARM};

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Motif {
    /// The object in the foreground.
    pub kind: Kind,
    /// Chooses ground, colours, panel and the variant of the object. The same seed gives the same bytes.
    pub seed: u64,
}

/// Draws a picture of 960 by 960 pixels and encodes it as a PNG, quickly rather than tightly: it is meant
/// to go through [`prepare`](crate::prepare) like any upload.
pub fn draw(motif: &Motif) -> Vec<u8> {
    let mut chance = Chance::new(motif.seed ^ (motif.kind as u64) << 56);
    let (object, schemes) = motif.kind.recipe();
    let scheme = schemes[chance.below(schemes.len())];
    let canvas = scene::stage(&scheme, &mut chance);
    let mut pen = Pen { canvas, scheme, chance };
    object(&mut pen);

    let canvas = pen.canvas;
    let (width, height) = (canvas.width as u32, canvas.height as u32);
    let mut bytes = Vec::with_capacity(1024 * 1024);
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up)
        .write_image(canvas.pixels.as_flattened(), width, height, ExtendedColorType::Rgb8)
        .expect("a picture of constant size is encoded into memory");
    bytes
}

/// Declares the kinds with their names and how each is drawn.
macro_rules! kinds {
    ($($kind:ident $name:literal $object:path, $schemes:ident;)*) => {
        /// The kinds of product that have a picture.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = concat!("Drawn for ", $name, ".")] $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The kind of that name, for example `essential oil`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            fn recipe(self) -> (fn(&mut Pen), &'static [Scheme]) {
                match self {
                    $(Self::$kind => ($object, $schemes),)*
                }
            }
        }
    };
}

kinds! {
    Coffee "coffee" drinks::coffee, EARTHY;
    Tea "tea" drinks::tea, FRESH;
    Beverage "beverage" drinks::beverage, FRESH;
    EssentialOil "essential oil" drinks::essential_oil, CALM;
    Rice "rice" pantry::rice, CALM;
    Food "food" pantry::food, WARM;
    Snack "snack" treats::snack, FRESH;
    Honey "honey" treats::honey, EARTHY;
    Sweetener "sweetener" treats::sweetener, WARM;
    Salt "salt" pantry::salt, CALM;
    Nuts "nuts" treats::nuts, EARTHY;
    Spice "spice" spices::spice, WARM;
    Fruit "fruit" garden::fruit, FRESH;
    Produce "produce" garden::produce, FRESH;
    Tobacco "tobacco" garden::tobacco, EARTHY;
    Herbal "herbal" garden::herbal, CALM;
    Textile "textile" textiles::textile, NOBLE;
    Ceramics "ceramics" crafts::ceramics, CALM;
    Jewellery "jewellery" crafts::jewellery, NOBLE;
    Basketry "basketry" textiles::basketry, WARM;
    Carving "carving" crafts::carving, NOBLE;
    Furniture "furniture" crafts::furniture, CALM;
}

/// A small deterministic source of choices (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A whole number from 0 to less than `limit`.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number between two others.
    fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }
}
