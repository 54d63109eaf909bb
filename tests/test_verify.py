"""Does a passage support a sentence? True paraphrases must pass, minimal edits must fail, and the reason must name what was wrong.

Edits that the check lets through today are marked as expected failures, row by row; a row that turns green must lose its mark.
"""

from collections.abc import Sequence

import pytest

from rag.pipeline import Pipeline
from rag.schema import Passage, Verdict
from rag.text import split_sentences
from rag.verify import verify
from rag.wordings import groups_of
from tests.fakes import TOY_DOCUMENTS, HashingEmbedder
from tests.library import passage_of

MRI = "NICE (NG234, 2023) says that MRI for suspected cord compression should be done as soon as possible, and always within 24 hours."
MRI_WEEK = "For suspected spinal metastases without neurological signs, NICE (2023) says that whole-spine MRI should be done within 1 week."
DOSE = "At a creatinine clearance of 40 to 49 mL/min, the US label dose of zoledronic acid (Zometa) for bone metastases is 3.3 mg."
DOSES = (
    "At a creatinine clearance of 50 to 60 mL/min the dose of zoledronic acid is 3.5 mg. "
    "At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.3 mg."
)
INFUSION = "Each infusion of zoledronic acid 4 mg takes no less than 15 minutes under the US label."
ASCO = "ASCO (2020) recommends denosumab 120 mg under the skin every 4 weeks for bone metastases from breast cancer."
NICE_NOT = "NICE TA265 (2012) does not recommend denosumab for bone metastases from prostate cancer."
SINS = "A total of 7 or more on the Spinal Instability Neoplastic Score (SINS) is the signal for a surgical opinion."
STABLE = "A SINS total of 0 to 6 means a stable spinal segment."
STEROID = "Dexamethasone 16 mg by mouth is offered for cord compression with neurological signs, says NICE (2023)."
CALCITONIN = "Calcitonin lowers serum calcium within 4 to 6 hours."
ZOLEDRONIC = "Zoledronic acid lowers serum calcium within 48 to 72 hours."
JAW = "Osteonecrosis of the jaw occurred in 1.8% of patients on denosumab and in 1.3% of patients on zoledronic acid."
FRACTION = "For painful uncomplicated bone metastases, ESMO (2020) recommends a single radiotherapy fraction of 8 Gy."
SPREAD = "Breast, prostate and lung cancers spread to bone most often."
LYTIC = "Lytic lesions score 2 points in SINS."
MIXED = "Mixed lesions score 1 point in SINS."
CREATININE = "With a normal baseline creatinine, a rise of 0.5 mg/dL means that zoledronic acid is withheld."
MARKERS = "Bone turnover markers are not recommended by ESMO (2020) for routine follow-up."
DENTAL = "A dental examination should be done before zoledronic acid is started, according to the US label."
LOOP = "Loop diuretics should not be given in hypercalcaemia until the patient is hydrated."
XRAY = "NICE (NG234, 2023) advises against plain X-rays for diagnosing spinal metastases."
RADIUM = "Radium-223 prolongs survival in castration-resistant prostate cancer with symptomatic bone metastases."
SURGERY = "Surgery for cord compression may be considered when life expectancy is more than 3 months."
FIXATION = "Postoperative radiotherapy should follow fixation of a long bone under the 2020 ESMO guideline."
MECHANISM = (
    "Bisphosphonates bind to bone mineral and are taken up by osteoclasts. "
    "Denosumab is an antibody that keeps RANKL from activating its receptor RANK."
)

PARAPHRASES: list[tuple[str, str]] = [
    (MRI, MRI),
    (MRI, "According to NICE, MRI should always be done within 24 hours for suspected cord compression."),
    (MRI, "NICE (2023) says that MRI for suspected MSCC should be done as soon as possible, always within 1 day."),
    (MRI, "For suspected spinal cord compression, NICE says MRI should be done as soon as possible and within 24 hours."),
    (MRI_WEEK, "Whole-spine MRI should be done within 7 days for suspected spinal metastases without neurological signs."),
    (DOSE, "The US label dose of zoledronic acid is 3.3 mg at a creatinine clearance of 40–49 mL/min."),
    (DOSE, "Zometa is dosed at 3.3 mg when creatinine clearance is 40 to 49 mL/min."),
    (DOSES, "The dose of zoledronic acid is 3.5 mg at a creatinine clearance of 50 to 60 mL/min."),
    ("| 40–49 mL/min | 3.3 mg zoledronic acid |", "Zoledronic acid 3.3 mg at 40 to 49 mL/min."),
    (ASCO, "For bone metastases from breast cancer, ASCO recommends denosumab 120 mg every 4 weeks."),
    (ASCO, "Denosumab 120 mg every four weeks is recommended by ASCO (2020) for breast cancer with bone metastases."),
    (NICE_NOT, "Denosumab is not recommended by NICE for bone metastases from prostate cancer."),
    (SINS, "A SINS total of at least 7 is the signal for a surgical opinion."),
    (SINS, "A SINS of 7 or higher signals a surgical opinion."),
    (STABLE, "A SINS of 0–6 means a stable spinal segment."),
    (STEROID, "NICE (2023) says dexamethasone 16 mg is offered for cord compression with neurological signs."),
    (CALCITONIN, "Calcitonin lowers calcium within 4-6 hours."),
    (JAW, "Osteonecrosis of the jaw occurred in 1.8 % of patients on denosumab."),
    (JAW, "ONJ occurred in 1.8% of patients on denosumab and 1.3% of patients on zoledronic acid."),
    (FRACTION, "ESMO recommends a single fraction of 8 Gy for painful uncomplicated bone metastases."),
    (SPREAD, "Lung, breast and prostate cancers spread to bone most often."),
    (LYTIC, "In SINS, a lytic lesion scores 2 points."),
    (CREATININE, "Zoledronic acid is withheld after a creatinine rise of 0.5 mg/dL from a normal baseline."),
    (MARKERS, "ESMO does not recommend bone turnover markers for routine follow-up."),
    (DENTAL, "Before zoledronic acid is started, a dental examination should be done."),
    (LOOP, "In hypercalcemia, loop diuretics should not be given until the patient is hydrated."),
    (XRAY, "NICE advises against plain films for diagnosing spinal metastases."),
    (RADIUM, "Survival in castration-resistant prostate cancer with symptomatic bone metastases is prolonged by radium-223."),
    (MECHANISM, "Bisphosphonates bind to bone mineral, whereas denosumab keeps RANKL from activating RANK."),
    (SURGERY, "Surgery may be considered for cord compression if life expectancy exceeds 3 months."),
]

# kind of edit -> (passage, edited sentence) that the check catches
CAUGHT: dict[str, list[tuple[str, str]]] = {
    "figure": [
        (MRI, "NICE says MRI for suspected cord compression should be done within 48 hours."),
        (DOSE, "The US label dose of zoledronic acid is 3.5 mg at a creatinine clearance of 40 to 49 mL/min."),
        (DOSE, "The US label dose of zoledronic acid is 3.3 mg at a creatinine clearance of 30 to 39 mL/min."),
        (DOSE, "The US label dose of zoledronic acid is 33 mg at a creatinine clearance of 40 to 49 mL/min."),
        (ASCO, "ASCO recommends denosumab 60 mg every 4 weeks for bone metastases from breast cancer."),
        (ASCO, "ASCO recommends denosumab 120 mg every three weeks for bone metastases from breast cancer."),
        (SINS, "A SINS total of 9 or more is the signal for a surgical opinion."),
        (STABLE, "A SINS total of 0 to 7 means a stable spinal segment."),
        (JAW, "Osteonecrosis of the jaw occurred in 8.1% of patients on denosumab."),
        (FRACTION, "ESMO (2018) recommends a single radiotherapy fraction of 8 Gy for painful uncomplicated bone metastases."),
        (LYTIC, "Lytic lesions score 3 points in SINS."),
        (XRAY, "NICE (NG75, 2023) advises against plain X-rays for diagnosing spinal metastases."),
    ],
    "unit": [
        (MRI, "NICE says MRI for suspected cord compression should be done within 24 days."),
        (DOSE, "The US label dose of zoledronic acid is 3.3 g at a creatinine clearance of 40 to 49 mL/min."),
        (INFUSION, "Each infusion of zoledronic acid 4 mg takes no less than 15 hours under the US label."),
        (ASCO, "ASCO recommends denosumab 120 mg every 4 months for bone metastases from breast cancer."),
        (CREATININE, "With a normal baseline creatinine, a rise of 0.5 mmol/L means that zoledronic acid is withheld."),
        (FRACTION, "ESMO recommends a single radiotherapy fraction of 8 cGy for painful uncomplicated bone metastases."),
        (CALCITONIN, "Calcitonin lowers serum calcium within 4 to 6 days."),
        (STEROID, "Dexamethasone 16 mcg by mouth is offered for cord compression with neurological signs, says NICE."),
    ],
    "drug": [
        (DOSE, "At a creatinine clearance of 40 to 49 mL/min, the US label dose of pamidronate for bone metastases is 3.3 mg."),
        (ASCO, "ASCO recommends zoledronic acid 120 mg every 4 weeks for bone metastases from breast cancer."),
        (CALCITONIN, "Cinacalcet lowers serum calcium within 4 to 6 hours."),
        (RADIUM, "Strontium-89 prolongs survival in castration-resistant prostate cancer with symptomatic bone metastases."),
        (STEROID, "Prednisolone 16 mg by mouth is offered for cord compression with neurological signs, says NICE."),
        (DENTAL, "A dental examination should be done before risedronate is started, according to the US label."),
    ],
    "body": [
        (ASCO, "NICE recommends denosumab 120 mg every 4 weeks for bone metastases from breast cancer."),
        (MRI, "ESMO says that MRI for suspected cord compression should be done within 24 hours."),
        (FRACTION, "ASTRO recommends a single radiotherapy fraction of 8 Gy for painful uncomplicated bone metastases."),
        (DENTAL, "A dental examination should be done before zoledronic acid is started, according to the EU label."),
        (SINS, "According to NICE, a SINS total of 7 or more is the signal for a surgical opinion."),
    ],
    "negation": [
        (NICE_NOT, "NICE TA265 (2012) recommends denosumab for bone metastases from prostate cancer."),
        (ASCO, "ASCO does not recommend denosumab 120 mg every 4 weeks for bone metastases from breast cancer."),
        (LOOP, "Loop diuretics should be given in hypercalcaemia until the patient is hydrated."),
        (XRAY, "NICE advises plain X-rays for diagnosing spinal metastases."),
        (MARKERS, "Bone turnover markers are recommended by ESMO (2020) for routine follow-up."),
        (SPREAD, "Breast, prostate and lung cancers rarely spread to bone."),
        (MRI_WEEK, "For suspected spinal metastases with neurological signs, NICE says that whole-spine MRI should be done within 1 week."),
        (STEROID, "Dexamethasone 16 mg by mouth is offered for cord compression without neurological signs, says NICE."),
        (LOOP, "Loop diuretics should not be given in hypercalcaemia until the patient is not hydrated."),
    ],
    "direction": [
        (CALCITONIN, "Calcitonin raises serum calcium within 4 to 6 hours."),
        (STABLE, "A SINS total of 0 to 6 means an unstable spinal segment."),
        (CREATININE, "With a normal baseline creatinine, a fall of 0.5 mg/dL means that zoledronic acid is withheld."),
        (CREATININE, "With a normal baseline creatinine, a rise of 0.5 mg/dL means that zoledronic acid is continued."),
        (DENTAL, "A dental examination should be done after zoledronic acid is started, according to the US label."),
        (LYTIC, "Blastic lesions score 2 points in SINS."),
        (RADIUM, "Radium-223 shortens survival in castration-resistant prostate cancer with symptomatic bone metastases."),
        (SPREAD, "Breast, prostate and lung cancers spread to bone least often."),
        (MECHANISM, "Denosumab is an antibody that activates RANKL and its receptor RANK."),
    ],
    "comparator": [
        (SINS, "A SINS total of more than 7 is the signal for a surgical opinion."),
        (SINS, "A SINS total of 7 or less is the signal for a surgical opinion."),
        (SINS, "A SINS total below 7 is the signal for a surgical opinion."),
        (INFUSION, "Each infusion of zoledronic acid 4 mg takes no more than 15 minutes under the US label."),
        (SURGERY, "Surgery for cord compression may be considered when life expectancy is less than 3 months."),
        (MRI, "NICE says MRI for suspected cord compression should be done after 24 hours."),
        (FRACTION, "ESMO recommends at least 8 Gy in a single radiotherapy fraction for painful uncomplicated bone metastases."),
        (CREATININE, "With a normal baseline creatinine, a rise of up to 0.5 mg/dL means that zoledronic acid is withheld."),
    ],
    "scope": [
        (ASCO, "ASCO recommends denosumab 120 mg every 4 weeks for bone metastases from prostate cancer."),
        (ASCO, "ASCO recommends denosumab 120 mg every 4 weeks for bone metastases from all solid tumours."),
        (SURGERY, "Surgery for cord compression must be done when life expectancy is more than 3 months."),
        (MRI_WEEK, "For suspected spinal metastases, NICE says that whole-spine MRI should be done within 1 week."),
        (RADIUM, "Radium-223 prolongs survival in castration-resistant prostate cancer with asymptomatic bone metastases."),
        (RADIUM, "Radium-223 prolongs survival in breast cancer with symptomatic bone metastases."),
        (STEROID, "Dexamethasone 16 mg by mouth is offered for all bone metastases, says NICE."),
        (FRACTION, "ESMO recommends a single radiotherapy fraction of 8 Gy for painful complicated bone metastases."),
        (LOOP, "Loop diuretics should never be given in hypercalcaemia."),
        (SPREAD, "All cancers spread to bone most often."),
    ],
    "added claim": [
        (SPREAD, "Breast, prostate, lung and thyroid cancers spread to bone most often."),
        (SINS, "A SINS total of 7 or more is the signal for a surgical opinion and for immediate bed rest."),
        (ASCO, "ASCO recommends denosumab 120 mg every 4 weeks for bone metastases from breast cancer because it prolongs survival."),
        (MRI, "NICE says MRI with gadolinium contrast for suspected cord compression should be done within 24 hours."),
        (CALCITONIN, "Calcitonin lowers serum calcium within 4 to 6 hours and cures the underlying cancer."),
        (
            STEROID,
            "Dexamethasone 16 mg by mouth is offered for cord compression with neurological signs together with a proton pump inhibitor, "
            "says NICE.",
        ),
    ],
    "merged sentences": [
        (f"{MRI} {MRI_WEEK}", "NICE (2023) says that MRI for suspected cord compression should be done within 1 week."),
        (f"{ASCO} {NICE_NOT}", "ASCO (2020) recommends denosumab 120 mg every 4 weeks for bone metastases from prostate cancer."),
        (DOSES, "At a creatinine clearance of 50 to 60 mL/min the dose of zoledronic acid is 3.3 mg."),
        (DOSES, "At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.5 mg."),
        (MECHANISM, "Denosumab binds to bone mineral and is taken up by osteoclasts."),
        (f"{SINS} {STABLE}", "A SINS total of 0 to 6 is the signal for a surgical opinion."),
        (f"{ASCO} {NICE_NOT}", "NICE (2012) does not recommend denosumab for bone metastases from breast cancer."),
        (f"{CALCITONIN} {ZOLEDRONIC}", "Calcitonin lowers serum calcium within 48 to 72 hours."),
        (f"{LYTIC} {MIXED}", "Lytic lesions score 1 point in SINS."),
    ],
    "another subject": [
        (MRI, "Patients should eat two apples a day."),
        (SPREAD, "Bone marrow makes blood cells."),
    ],
}

# edits that an earlier check let through
CAUGHT_LATER: dict[str, list[tuple[str, str]]] = {
    "drug": [
        (JAW, "Osteonecrosis of the jaw occurred in 1.3% of patients on denosumab."),
    ],
    "direction": [
        (JAW, "Osteonecrosis of the jaw occurred in 1.3% of patients on denosumab and in 1.8% of patients on zoledronic acid."),
    ],
    "figures moved": [
        (DOSES, "The dose of zoledronic acid is 3.3 mg at a clearance of 50 to 60 mL/min and 3.5 mg at 40 to 49 mL/min."),
        (f"{SINS} {STABLE}", "A SINS total of 7 or more means a stable spinal segment, and 0 to 6 is the signal for a surgical opinion."),
    ],
    "added claim": [
        (FRACTION, "ESMO recommends a single radiotherapy fraction of 8 Gy safely for painful uncomplicated bone metastases."),
    ],
}

# the same for edits that the check lets through
MISSED: dict[str, list[tuple[str, str]]] = {
    "scope": [
        (MARKERS, "Bone turnover markers are not recommended by ESMO (2020)."),
    ],
}


# A second shelf, written after the check had been tuned on the first: what it says of the check is nearer to the truth.
PAMIDRONATE = "The US label gives pamidronate 90 mg as a 2-hour infusion every 3 to 4 weeks for breast cancer with bone metastases."
XGEVA = "Denosumab 120 mg (Xgeva) lowers serum calcium and must not be given to patients with untreated hypocalcaemia."
ASTRO = "ASTRO (2024) recommends that a single fraction of 8 Gy be used for symptomatic bone metastases, strong recommendation."
MIRELS = "A Mirels score of 9 or more suggests prophylactic fixation, and a score of 7 or less suggests radiotherapy and observation."
EVENTS = "In advanced prostate cancer, 49% of placebo patients had a skeletal-related event within 24 months."
SCAN = "Bone scan has a sensitivity of 86% and a specificity of 81% for bone metastases on a per-patient basis."
DENTIST = "Before starting a bone-modifying agent, patients should have a dental assessment, and elective dentoalveolar surgery should be avoided during treatment."
FLUID = "Intravenous 0.9% saline is given first in hypercalcaemia, 3 to 4 litres over 24 hours, as tolerated by the heart."
STEROID_NOW = "For people with MSCC, give 16 mg of oral dexamethasone as soon as possible, then 16 mg daily for those awaiting surgery or radiotherapy."
FLAT = "People with suspected spinal instability should lie flat with the spine in neutral alignment until stability is confirmed."
CONTRAINDICATED = "Radium-223 is contraindicated in combination with abiraterone and prednisone because of more fractures and deaths."
TOKUHASHI = "A revised Tokuhashi score of 0 to 8 predicts survival of less than 6 months."
DURATION = "The risk of osteonecrosis of the jaw rises with treatment duration beyond 2 years."
OPTION = "NICE TA265 recommends denosumab as an option for adults with bone metastases from breast cancer if bisphosphonates would otherwise be prescribed."
HIGH_CALCIUM = "Albumin-corrected calcium above 3.5 mmol/L needs urgent treatment."
KIDNEY = "Denosumab needs no dose adjustment for renal impairment, but the risk of hypocalcaemia is greater when creatinine clearance is below 30 mL/min."
SECOND_CAUGHT: dict[str, list[tuple[str, str]]] = {
    "figure": [
        (
            PAMIDRONATE,
            "The US label gives pamidronate 60 mg as a 2-hour infusion every 3 to 4 weeks for breast cancer with bone metastases.",
        ),
        (
            PAMIDRONATE,
            "The US label gives pamidronate 90 mg as a 4-hour infusion every 3 to 4 weeks for breast cancer with bone metastases.",
        ),
        (EVENTS, "In advanced prostate cancer, 94% of placebo patients had a skeletal-related event within 24 months."),
        (TOKUHASHI, "A revised Tokuhashi score of 0 to 8 predicts survival of less than 12 months."),
    ],
    "unit": [
        (FLUID, "Intravenous 0.9% saline is given first in hypercalcaemia, 3 to 4 litres over 24 minutes."),
        (HIGH_CALCIUM, "Albumin-corrected calcium above 3.5 mg/dL needs urgent treatment."),
        (TOKUHASHI, "A revised Tokuhashi score of 0 to 8 predicts survival of less than 6 years."),
    ],
    "drug": [
        (
            PAMIDRONATE,
            "The US label gives ibandronate 90 mg as a 2-hour infusion every 3 to 4 weeks for breast cancer with bone metastases.",
        ),
        (
            CONTRAINDICATED,
            "Radium-223 is contraindicated in combination with enzalutamide and prednisone because of more fractures and deaths.",
        ),
        (
            CONTRAINDICATED,
            "Radium-223 is contraindicated in combination with abiraterone and dexamethasone because of more fractures and deaths.",
        ),
    ],
    "body": [
        (ASTRO, "NICE (2024) recommends that a single fraction of 8 Gy be used for symptomatic bone metastases, strong recommendation."),
        (
            PAMIDRONATE,
            "The EU label gives pamidronate 90 mg as a 2-hour infusion every 3 to 4 weeks for breast cancer with bone metastases.",
        ),
        (
            OPTION,
            "NICE TA412 recommends denosumab as an option for adults with bone metastases from breast cancer if bisphosphonates would otherwise be prescribed.",
        ),
    ],
    "negation": [
        (XGEVA, "Denosumab 120 mg (Xgeva) lowers serum calcium and must be given to patients with untreated hypocalcaemia."),
        (KIDNEY, "Denosumab needs dose adjustment for renal impairment."),
        (DENTIST, "During treatment with a bone-modifying agent, elective dentoalveolar surgery should be done."),
        (FLAT, "People with suspected spinal instability should not lie flat until stability is confirmed."),
        (CONTRAINDICATED, "Radium-223 is recommended in combination with abiraterone and prednisone."),
    ],
    "direction": [
        (DURATION, "The risk of osteonecrosis of the jaw falls with treatment duration beyond 2 years."),
        (KIDNEY, "The risk of hypocalcaemia is smaller when creatinine clearance is below 30 mL/min."),
        (
            CONTRAINDICATED,
            "Radium-223 with abiraterone and prednisone causes fewer fractures and deaths, so the combination is contraindicated.",
        ),
    ],
    "comparator": [
        (HIGH_CALCIUM, "Albumin-corrected calcium below 3.5 mmol/L needs urgent treatment."),
        (MIRELS, "A Mirels score of more than 9 suggests prophylactic fixation."),
        (KIDNEY, "The risk of hypocalcaemia is greater when creatinine clearance is above 30 mL/min."),
        (EVENTS, "In advanced prostate cancer, at least 49% of placebo patients had a skeletal-related event within 24 months."),
    ],
    "scope": [
        (ASTRO, "ASTRO (2024) recommends that a single fraction of 8 Gy be used for asymptomatic bone metastases, strong recommendation."),
        (
            OPTION,
            "NICE TA265 recommends denosumab as an option for children with bone metastases from breast cancer if bisphosphonates would otherwise be prescribed.",
        ),
        (FLAT, "All people with cancer should lie flat with the spine in neutral alignment."),
        (STEROID_NOW, "For people with MSCC, give 16 mg of intravenous dexamethasone as soon as possible."),
        (
            ASTRO,
            "ASTRO (2024) recommends that a single fraction of 8 Gy be used for symptomatic bone metastases, conditional recommendation.",
        ),
    ],
    "added claim": [
        (
            FLAT,
            "People with suspected spinal instability should lie flat with the spine in neutral alignment and a rigid collar until stability is confirmed.",
        ),
        (HIGH_CALCIUM, "Albumin-corrected calcium above 3.5 mmol/L needs urgent treatment in intensive care."),
    ],
    "merged sentences": [
        (DENTIST, "Elective dentoalveolar surgery should be done before starting a bone-modifying agent."),
    ],
}
SECOND_CAUGHT_LATER: dict[str, list[tuple[str, str]]] = {
    "direction": [
        (FLUID, "Intravenous 0.9% saline is given last in hypercalcaemia."),
        (SCAN, "Bone scan has a specificity of 86% and a sensitivity of 81% for bone metastases on a per-patient basis."),
        (MIRELS, "A Mirels score of 9 or more suggests radiotherapy and observation."),
        (MIRELS, "A Mirels score of 7 or less suggests prophylactic fixation."),
    ],
    "scope": [
        (OPTION, "NICE TA265 recommends denosumab for adults with bone metastases."),
        (EVENTS, "In early prostate cancer, 49% of placebo patients had a skeletal-related event within 24 months."),
        (SCAN, "Bone scan has a sensitivity of 86% and a specificity of 81% for bone metastases on a per-lesion basis."),
    ],
    "added claim": [
        (DURATION, "The risk of osteonecrosis of the jaw rises with treatment duration beyond 2 years and with smoking."),
        (XGEVA, "Denosumab 120 mg (Xgeva) lowers serum calcium quickly and must not be given to patients with untreated hypocalcaemia."),
    ],
    "figures moved": [
        (MIRELS, "Mirels at least 9 suggests radiotherapy, 7 or less fixation."),
        (MIRELS, "A Mirels score of at least 9 is treated with radiotherapy, 7 or less with fixation."),
    ],
    "merged sentences": [
        (MIRELS, "A Mirels score of 9 or more suggests prophylactic fixation and radiotherapy."),
    ],
}
SECOND_MISSED: dict[str, list[tuple[str, str]]] = {
    "drug": [
        (
            OPTION,
            "NICE TA265 recommends denosumab as an option for adults with bone metastases from breast cancer if denosumab would otherwise be prescribed.",
        ),
    ],
    "added claim": [
        (FLUID, "Intravenous 0.9% saline with potassium is given first in hypercalcaemia, 3 to 4 litres over 24 hours."),
    ],
}
SECOND_PARAPHRASES: list[tuple[str, str]] = [
    (PAMIDRONATE, "For breast cancer with bone metastases the US label gives pamidronate 90 mg over 2 hours every 3 to 4 weeks."),
    (XGEVA, "Patients with untreated hypocalcaemia must not be given denosumab."),
    (ASTRO, "A single fraction of 8 Gy is recommended by ASTRO for symptomatic bone metastases."),
    (MIRELS, "A Mirels score of at least 9 suggests prophylactic fixation."),
    (EVENTS, "Within 24 months, 49% of placebo patients with advanced prostate cancer had a skeletal-related event."),
    (SCAN, "For bone metastases, a bone scan has a sensitivity of 86%."),
    (FLUID, "Saline 0.9% is given intravenously first in hypercalcemia."),
    (STEROID_NOW, "Give oral dexamethasone 16 mg as soon as possible to people with MSCC."),
    (FLAT, "Until stability is confirmed, people with suspected spinal instability should lie flat."),
    (TOKUHASHI, "A revised Tokuhashi score of 0-8 predicts less than 6 months of survival."),
    (HIGH_CALCIUM, "Urgent treatment is needed when albumin-corrected calcium is over 3.5 mmol/L."),
    (KIDNEY, "No dose adjustment of denosumab is needed for renal impairment."),
    (XGEVA, "Denosumab lowers serum calcium."),
    (DENTIST, "Patients should have a dental assessment before starting a bone-modifying agent."),
    (CONTRAINDICATED, "Radium-223 must not be combined with abiraterone and prednisone."),
    (DURATION, "The longer than 2 years treatment lasts, the more the risk of jaw osteonecrosis rises."),
]
REFUSED_PARAPHRASES: list[tuple[str, str]] = [
    (EVENTS, "49% of placebo patients had an SRE within 2 years."),
    (OPTION, "Denosumab is an option for adults with bone metastases from breast cancer, NICE TA265 says."),
    (KIDNEY, "Below a creatinine clearance of 30 mL/min the risk of hypocalcaemia with denosumab is greater."),
]


def judge(sentence: str, *passages: Passage) -> Verdict:
    return verify(sentence, passages, encode=HashingEmbedder().encode_documents)


def as_passage(text: str, *, rank: int = 1, **source: object) -> Passage:
    """A passage of running text under a heading that lends no name, cut into sentences as the corpus is."""
    sentences = [text] if text.startswith("|") else [text[span.start : span.end] for span in split_sentences(text)]
    return passage_of(*sentences, rank=rank, **({"title": "", "publisher": "", "year": None} | source))


def rows(table: dict[str, list[tuple[str, str]]], *marks: pytest.MarkDecorator) -> list[object]:
    return [
        pytest.param(passage, sentence, marks=marks, id=f"{kind}: {sentence[:60]}")
        for kind, pairs in table.items()
        for passage, sentence in pairs
    ]


def test_figures_of_two_sentences_are_supported_where_each_clause_keeps_its_own() -> None:
    merged = "The dose of zoledronic acid is 3.5 mg at a clearance of 50 to 60 mL/min and 3.3 mg at 40 to 49 mL/min."
    verdict = judge(merged, as_passage(DOSES))
    assert verdict.supported, verdict.reason
    assert len(verdict.quotes) == 2


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        *PARAPHRASES,
        *SECOND_PARAPHRASES,
        *rows({"refused": REFUSED_PARAPHRASES}, pytest.mark.xfail(strict=True, reason="FALSE ALARM: a true paraphrase that is refused")),
    ],
)
def test_a_true_paraphrase_is_supported(passage: str, sentence: str) -> None:
    verdict = judge(sentence, as_passage(passage))
    assert verdict.supported, verdict.reason
    assert 0.5 <= verdict.support <= 1.0


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        *rows(CAUGHT),
        *rows(SECOND_CAUGHT),
        *rows(CAUGHT_LATER),
        *rows(SECOND_CAUGHT_LATER),
        *rows(MISSED, pytest.mark.xfail(strict=True, reason="MISS: a minimal edit that the check lets through")),
        *rows(SECOND_MISSED, pytest.mark.xfail(strict=True, reason="MISS: a minimal edit that the check lets through")),
    ],
)
def test_a_minimal_edit_is_not_supported(passage: str, sentence: str) -> None:
    verdict = judge(sentence, as_passage(passage))
    assert not verdict.supported
    assert 0.0 <= verdict.support < 0.5


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        (INFUSION, "Each infusion of zoledronic acid 4 mg takes at least 15 minutes under the US label."),
        (
            "From dilution to the end of the infusion, no more than 24 hours may pass.",
            "From dilution to the end, at most 24 hours may pass.",
        ),
    ],
)
def test_a_bound_in_other_words_is_supported(passage: str, sentence: str) -> None:
    assert judge(sentence, as_passage(passage)).supported


@pytest.mark.parametrize(
    ("passage", "sentence", "named"),
    [
        (MRI, "NICE says MRI for suspected cord compression should be done within 48 hours.", "48 hours"),
        (DOSE, "The US label dose of zoledronic acid is 3.3 g at a creatinine clearance of 40 to 49 mL/min.", "3.3 g"),
        (CALCITONIN, "Cinacalcet lowers serum calcium within 4 to 6 hours.", "Cinacalcet"),
        (FRACTION, "ASTRO recommends a single radiotherapy fraction of 8 Gy for painful uncomplicated bone metastases.", "ASTRO"),
        (XRAY, "NICE (NG75, 2023) advises against plain X-rays for diagnosing spinal metastases.", "NG75"),
        (ASCO, "ASCO does not recommend denosumab 120 mg every 4 weeks for bone metastases from breast cancer.", "negates"),
        (NICE_NOT, "NICE TA265 (2012) recommends denosumab for bone metastases from prostate cancer.", "leaves out a negation"),
        (CALCITONIN, "Calcitonin raises serum calcium within 4 to 6 hours.", "raises"),
        (SINS, "A SINS total of 7 or more is the signal for a surgical opinion and for immediate bed rest.", "more than"),
    ],
)
def test_the_reason_names_the_failed_check(passage: str, sentence: str, named: str) -> None:
    assert named in judge(sentence, as_passage(passage)).reason


def test_the_quote_is_the_sentence_that_supports_it() -> None:
    passages = [as_passage(f"{SPREAD} {CALCITONIN}"), as_passage(f"{STABLE} {SINS} {LYTIC}", rank=2)]
    verdict = judge("A SINS total of at least 7 is the signal for a surgical opinion.", *passages)
    (quote,) = verdict.quotes
    assert quote.passage == 1
    assert passages[1].text[quote.span.start : quote.span.end] == SINS


def test_of_two_sentences_that_support_it_the_nearer_one_is_quoted() -> None:
    far = as_passage("Within 4 to 6 hours serum calcium is lowered by calcitonin, as all of these trials in adults with cancer found.")
    verdict = judge(CALCITONIN, far, as_passage(CALCITONIN, rank=2))
    assert judge(CALCITONIN, far).supported
    assert [quote.passage for quote in verdict.quotes] == [1]


def test_a_sentence_that_needs_two_sentences_cites_both_in_the_order_of_the_text() -> None:
    passage = as_passage(MECHANISM)
    verdict = judge("Bisphosphonates bind to bone mineral, whereas denosumab keeps RANKL from activating RANK.", passage)
    assert verdict.supported
    assert [quote.span for quote in verdict.quotes] == list(passage.sentences)


def test_a_figure_is_not_moved_to_the_other_drug() -> None:
    passage = as_passage("Zoledronic acid 4 mg was compared with pamidronate 90 mg in 287 patients.")
    assert judge("Zoledronic acid 4 mg was compared with pamidronate 90 mg.", passage).supported
    assert not judge("Zoledronic acid 90 mg was compared with pamidronate 4 mg.", passage).supported


def test_two_rows_of_a_table_are_not_put_together() -> None:
    rows_of_a_table = passage_of("| Osteolytic | bone destroyed by osteoclasts |", "| Osteoblastic | new bone laid down by osteoblasts |")
    assert judge("Osteoblastic: new bone laid down by osteoblasts.", rows_of_a_table).supported
    assert not judge("Osteolytic: new bone laid down by osteoblasts.", rows_of_a_table).supported


def test_a_time_in_another_unit_costs_no_coverage() -> None:
    assert judge("Urgent MRI within one day.", as_passage("Urgent MRI within 24 hours.")).supported


def test_sentences_of_two_passages_are_put_together_within_a_document_only() -> None:
    sentence = "Bisphosphonates bind to bone mineral, whereas denosumab is an antibody that keeps RANKL from activating RANK."
    halves = MECHANISM.split(". ")
    of_one = [passage_of(half, rank=rank, document_id="one") for rank, half in enumerate(halves, start=1)]
    of_two = [passage_of(half, rank=rank, document_id=f"document-{rank}") for rank, half in enumerate(halves, start=1)]
    assert [quote.passage for quote in judge(sentence, *of_one).quotes] == [0, 1]
    assert judge(sentence, *of_one).supported
    assert not judge(sentence, *of_two).supported


def test_two_documents_on_one_drug_may_be_put_together_but_not_crossed() -> None:
    passages = [
        as_passage("Calcitonin lowers serum calcium within 4 to 6 hours.", document_id="one"),
        as_passage("Calcitonin loses its effect within 48 hours.", rank=2, document_id="two"),
    ]
    assert judge("Calcitonin lowers serum calcium within 4 to 6 hours and loses its effect within 48 hours.", *passages).supported
    assert not judge("Calcitonin lowers serum calcium within 48 hours and loses its effect within 4 to 6 hours.", *passages).supported


def test_one_supporting_passage_among_others_is_enough() -> None:
    passages = [as_passage(text, rank=rank) for rank, text in enumerate([SPREAD, NICE_NOT, ASCO, CALCITONIN], start=1)]
    verdict = judge("ASCO recommends denosumab 120 mg every 4 weeks for bone metastases from breast cancer.", *passages)
    assert verdict.supported
    assert verdict.quotes[0].passage == 2


def test_a_passage_that_states_it_is_enough_where_another_one_denies_it() -> None:
    passages = [as_passage("Denosumab is not recommended in myeloma."), as_passage("Denosumab is recommended in myeloma.", rank=2)]
    verdict = judge("Denosumab is recommended in myeloma.", *passages)
    assert verdict.supported
    assert verdict.quotes[0].passage == 1


def test_words_that_stand_far_apart_in_a_long_sentence_are_no_statement() -> None:
    long = (
        "Calcitonin, zoledronic acid, saline and dialysis stand beside surgery, imaging, staging, biopsy, fracture, pain, thirst and confusion "
        "in one table of the review, which lowers the effort for readers in clinics, wards, hospices and homes."
    )
    verdict = judge("Zoledronic acid lowers pain.", as_passage(long))
    assert not verdict.supported
    assert "meaning" in verdict.reason


def test_a_heading_lends_the_body_and_the_year() -> None:
    passage = as_passage("MRI should be done within 24 hours.", publisher="NICE", year=2023)
    assert judge("NICE (2023) says MRI should be done within 24 hours.", passage).supported


def test_a_heading_states_no_facts() -> None:
    passage = as_passage("Recovery takes 4 weeks.", title="Surgery relieves pain and restores walking in adults")
    assert not judge("Surgery relieves pain, restores walking and takes 4 weeks.", passage).supported


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("MRI for suspected cord compression should be done within 24 hours.", {"title": "MRI within 24 hours"}),
        ("ESMO (2020) says MRI for suspected cord compression should be done urgently.", {"publisher": "NICE", "year": 2020}),
        ("MRI for suspected cord compression should be done urgently since 2019.", {"year": 2023}),
    ],
    ids=["no figure but a year", "no other body", "no other year"],
)
def test_a_heading_lends_nothing_else(sentence: str, source: dict[str, object]) -> None:
    assert not judge(sentence, as_passage("MRI for suspected cord compression should be done urgently.", **source)).supported


def test_a_heading_does_not_lend_its_drug_to_a_sentence_about_another_drug() -> None:
    passage = as_passage("Denosumab is given every 4 weeks for bone metastases.", title="Denosumab and zoledronic acid")
    assert not judge("Zoledronic acid is given every 4 weeks for bone metastases.", passage).supported


@pytest.mark.parametrize("sentence", ["", "   ", "It is.", "...", "This was what they had."])
def test_a_sentence_that_states_nothing_is_not_supported(sentence: str) -> None:
    verdict = judge(sentence, as_passage(MRI))
    assert (verdict.supported, verdict.support, verdict.quotes) == (False, 0.0, ())
    assert verdict.reason


@pytest.mark.parametrize("passages", [[], [as_passage("")], [as_passage(" ")]], ids=["none", "an empty one", "a blank one"])
def test_without_words_to_rest_on_nothing_is_supported(passages: Sequence[Passage]) -> None:
    verdict = judge(MRI, *passages)
    assert (verdict.supported, verdict.quotes) == (False, ())
    assert "no passage" in verdict.reason


def test_white_space_does_not_matter() -> None:
    assert judge("Calcitonin  lowers\nserum calcium within 4 to 6 hours.", as_passage(CALCITONIN)).supported
    assert judge(
        "Surgery for cord compression may be considered when life expectancy is more\n than 3 months.", as_passage(SURGERY)
    ).supported


def test_every_sentence_of_the_library_is_supported_by_its_own_passage(shared_toy: Pipeline) -> None:
    passages = shared_toy.search("bone", k=50)
    assert {passage.source.document_id for passage in passages} == {fields["id"] for fields, _ in TOY_DOCUMENTS.values()}
    refused = [
        passage.sentence(n)
        for passage in passages
        for n in range(len(passage.sentences))
        if not passage.sentence(n).startswith("|") and not judge(passage.sentence(n), passage).supported
    ]
    assert refused == []


def test_the_pipeline_judges_with_its_own_embedder(shared_toy: Pipeline) -> None:
    passages = shared_toy.search("How fast must an MRI be done for suspected cord compression?")
    right, wrong = (
        "MRI for suspected cord compression should be done within 24 hours.",
        "MRI for suspected cord compression should be done within 2 days.",
    )
    assert [shared_toy.verify(sentence, passages).supported for sentence in (right, wrong)] == [True, False]


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        (FIXATION, "Fixation of a long bone should follow postoperative radiotherapy under the 2020 ESMO guideline.", False),
        ("Pain flare after radiotherapy usually lasts 1-2 days.", "Pain flare after radiotherapy usually lasts for a day or two.", True),
        ("Nearly half of people with cancer pain need opioids.", "Nearly one person in two with cancer pain needs opioids.", True),
        ("Over age 40, a fracture means biopsy of the lesion.", "Before the age of 40, a fracture means biopsy of the lesion.", False),
        ("ASTRO prefers surgery followed by radiotherapy.", "ASTRO prefers radiotherapy, then surgery.", False),
        ("Embolisation before surgery limits bleeding.", "Embolisation before surgery limits bleeding and dizziness.", False),
        ("Low platelets of grade 3 or higher occurred in 7.9%.", "Grade 3+ low platelets occurred in 7.9%.", True),
        # "advises against" is a negation, although "advises" alone is a like of "recommends"
        (
            "NICE advises against plain X-rays to rule out spinal metastases.",
            "NICE recommends plain X-rays to rule out spinal metastases.",
            False,
        ),
        (
            "Radium-223 with abiraterone brought more deaths, and the EMA asked doctors not to combine them.",
            "Radium-223 is recommended in combination with abiraterone.",
            False,
        ),
        # what was done in a trial is no advice
        ("Men in ERA 223 received abiraterone with radium-223.", "Abiraterone with radium-223 is recommended for men in ERA 223.", False),
    ],
)
def test_what_a_writer_varies_is_told_from_what_changes_the_statement(passage: str, sentence: str, supported: bool) -> None:
    verdict = judge(sentence, as_passage(passage))
    assert verdict.supported is supported, verdict.reason


def test_a_sentence_that_winds_two_into_one_rests_on_both() -> None:
    both = "Radium-223 is given every 4 weeks at trained centres. Radium-223 has a half-life of 11.4 days."
    wound = "Radium-223, whose half-life is 11.4 days, is given every 4 weeks at trained centres."
    assert judge(wound, as_passage(both)).supported
    assert not judge(wound.replace("11.4", "12.4"), as_passage(both)).supported


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hip", "pelvis"),
        ("infection", "sepsis"),
        ("blood pressure", "hypertension"),
        ("platelets", "thrombocytopenia"),
        ("vertebroplasty", "cement"),
        ("hospice", "palliative care"),
        ("renal impairment", "renal failure"),
        ("collar", "brace"),
    ],
)
def test_what_a_clinician_tells_apart_is_no_like(one: str, other: str) -> None:
    assert not groups_of(one) & groups_of(other)


def test_contradictions_are_sought_only_where_sentences_were_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[object] = []
    monkeypatch.setattr("rag.verify._gainsaid", lambda *args: bool(sought.append(args)))
    assert verify(CALCITONIN, [passage_of(CALCITONIN)], encode=HashingEmbedder().encode_documents).supported
    assert not sought
