"""Number words and spellings of units: the tables that `rag/figures.py` reads figures with. Data only."""

NUMBER_WORDS = {
    "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0,
    "eleven": 11.0, "twelve": 12.0, "thirteen": 13.0, "fourteen": 14.0, "fifteen": 15.0, "sixteen": 16.0, "eighteen": 18.0, "twenty": 20.0, "twenty-four": 24.0, "thirty": 30.0,
    "forty": 40.0, "forty-eight": 48.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0,
}  # fmt: skip

# Spelled as matched (longest first) -> unit; hours carry a factor so that 24 hours equals one day.
UNITS: dict[str, tuple[str, float]] = {
    "mg/dl": ("mg/dL", 1), "mg / dl": ("mg/dL", 1), "mmol/l": ("mmol/L", 1), "mmol per litre": ("mmol/L", 1), "µmol/l": ("µmol/L", 1),
    "umol/l": ("µmol/L", 1), "micromol/l": ("µmol/L", 1), "ml/min/1.73 m²": ("mL/min/1.73 m²", 1), "ml/min/1.73 m2": ("mL/min/1.73 m²", 1),
    "ml/min": ("mL/min", 1), "ml per minute": ("mL/min", 1), "mg/kg": ("mg/kg", 1), "mg per kg": ("mg/kg", 1), "mg/hour": ("mg/h", 1),
    "nmol/l": ("nmol/L", 1), "pmol/l": ("pmol/L", 1), "ng/ml": ("ng/mL", 1), "pg/ml": ("pg/mL", 1), "mg an hour": ("mg/h", 1), "mg per hour": ("mg/h", 1), "mg every hour": ("mg/h", 1), "mg a minute": ("mg/min", 1), "mg per minute": ("mg/min", 1), "mg/minute": ("mg/min", 1), "mg/min": ("mg/min", 1), "mmol per liter": ("mmol/L", 1), "mg per decilitre": ("mg/dL", 1),
    "ml a minute": ("mL/min", 1), "millilitres per minute": ("mL/min", 1), "milligrams per kilogram": ("mg/kg", 1), "gram": ("g", 1), "litre": ("L", 1),
    "liter": ("L", 1), "kilogram": ("kg", 1), "kilograms": ("kg", 1), "centimetre": ("mm", 10), "centimetres": ("mm", 10), "millimetres": ("mm", 1),
    "mg/h": ("mg/h", 1), "mg·h/l": ("mg·h/L", 1), "milligrams": ("mg", 1), "milligram": ("mg", 1), "mg": ("mg", 1), "micrograms": ("µg", 1),
    "mcg": ("µg", 1), "ug": ("µg", 1), "µg": ("µg", 1), "kg": ("kg", 1), "grams": ("g", 1), "g": ("g", 1), "gy": ("Gy", 1), "gray": ("Gy", 1),
    "cgy": ("Gy", 0.01), "iu": ("IU", 1), "ml": ("mL", 1), "millilitres": ("mL", 1), "litres": ("L", 1), "liters": ("L", 1), "l": ("L", 1),
    "per cent": ("%", 1), "percent": ("%", 1), "%": ("%", 1), "minutes": ("h", 1 / 60), "minute": ("h", 1 / 60), "min": ("h", 1 / 60),
    "hourly": ("h", 1), "hours": ("h", 1), "hour": ("h", 1), "hrs": ("h", 1), "hr": ("h", 1), "h": ("h", 1), "daily": ("h", 24),
    "days": ("h", 24), "day": ("h", 24), "weekly": ("h", 168), "weeks": ("h", 168), "week": ("h", 168), "wks": ("h", 168),
    "wk": ("h", 168), "fortnight": ("h", 336), "monthly": ("month", 1), "months": ("month", 1), "month": ("month", 1), "yearly": ("year", 1), "years": ("year", 1),
    "year": ("year", 1), "fractions": ("fraction", 1), "fraction": ("fraction", 1), "points": ("point", 1), "point": ("point", 1),
    "mm": ("mm", 1), "cm": ("mm", 10), "kda": ("kDa", 1), "mbq/kg": ("MBq/kg", 1), "kbq/kg": ("kBq/kg", 1), "kbq": ("kBq", 1), "mbq": ("MBq", 1), "gbq": ("MBq", 1000),
    "mg/day": ("mg/day", 1), "g/day": ("g/day", 1), "mg/m²": ("mg/m²", 1), "g/m²": ("g/m²", 1), "mg/m2": ("mg/m²", 1), "g/m2": ("g/m²", 1),
    "patient": ("patient", 1), "patients": ("patient", 1), "studies": ("study", 1), "trials": ("trial", 1), "cases": ("case", 1),
}  # fmt: skip
