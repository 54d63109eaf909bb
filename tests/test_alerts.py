"""rag.alerts: emergencies in the words of patients, relatives, students and clinicians, and what comes close to them without being one."""

import json

import pytest
import yaml

from evals.fit_alerts import PHRASES_FILE
from rag.alerts import ALERTS_FILE, CONTEXTS, find_alerts

CORD, CALCIUM, FRACTURE = "cord-compression", "hypercalcaemia", "pathological-fracture"
PHRASES = [json.loads(line) for line in PHRASES_FILE.read_text(encoding="utf-8").splitlines()]
FOR_RULES = [
    (row["question"], row["alerts"]) for row in PHRASES if row["rules"]
]  # the others need the model beside the rules: test_emergencies.py


EMERGENCIES = [
    # cord compression, in the words of patients and families
    (CORD, "my dad has prostate cancer and suddenly can't move his legs"),
    (CORD, "My dad has prostate cancer and suddenly can’t move his legs"),
    (CORD, "I have breast cancer and my legs have gone numb since this morning"),
    (CORD, "My mum has lung cancer and her legs feel weak, she nearly fell"),
    (CORD, "I've got bone mets and I can't feel my feet"),
    (CORD, "my husband with myeloma has wet himself and has back pain"),
    (CORD, "I have cancer and I can’t pee since yesterday"),
    (CORD, "My legs keep giving way and I have mets in my spine"),
    (CORD, "my back hurts terribly and my legs are tingling"),
    (CORD, "my wife can't walk any more, she has cancer in her spine"),
    (CORD, "I have severe back pain that is worse lying down and I have prostate cancer"),
    (CORD, "I've lost control of my bladder and my back is killing me"),
    (CORD, "numbness around my back passage and I have secondary breast cancer"),
    (CORD, "my grandfather has kidney cancer and is struggling to get up the stairs, his legs are heavy"),
    (CORD, "My partner has bone cancer and says it feels like pins and needles from the waist down"),
    (CORD, "Help, my father is off his legs, he has metastatic prostate cancer"),
    (CORD, "band of pain around my chest and heavy legs, I have lung cancer"),
    (CORD, "my arms are weak and I have a tumour in my neck"),
    (CORD, "he soiled himself and has spinal mets"),
    (CORD, "What should I do? My legs are numb and I have cancer in my spine."),
    (CORD, "Can I wait until Monday if my legs are going weak and I have bone metastases?"),
    (CORD, "Why are my legs numb? I have secondary breast cancer in the spine."),
    (CORD, "No numbness but my legs are very weak and I have bone mets"),
    (CORD, "My dad has no pain but can't move his legs. He has lung cancer."),
    (CORD, "I CAN'T FEEL MY LEGS, I HAVE CANCER"),
    (CORD, "mum has lung cancer, legs numb, cannot walk"),
    (CORD, "My dad has no pain and is paralysed, he has lung cancer"),
    (CORD, "She has lost the feeling in her legs and has lung cancer"),
    (CORD, "severe pain in my back and I have prostate cancer"),
    (CORD, "my back hurts, worse at night, and I have breast cancer"),
    (CORD, "I have a band of tightness around my chest and my legs are numb"),
    (CORD, "I have a band of pain around my chest and can't pee"),
    (CORD, "my legs are numb and I have wet myself"),
    # in the words of clinicians
    (CORD, "sudden leg weakness, known prostate cancer"),
    (CORD, "What next? Patient with lung cancer is paralysed"),
    (CORD, "68M with prostate cancer, acute paraparesis and urinary retention"),
    (CORD, "72 yo woman with breast cancer, new bilateral leg weakness and saddle anaesthesia"),
    (CORD, "Patient with myeloma has new onset incontinence and back pain, what now?"),
    (CORD, "The patient has lung cancer with progressive leg weakness over 48 hours. Which steroid dose?"),
    (CORD, "suspected MSCC in my patient, how much dexamethasone?"),
    (CORD, "Pt with known bone mets presents with urinary retention and sensory level at T10"),
    (CORD, "55F metastatic breast ca, unable to walk since last night"),
    (CORD, "MRI shows cord compression at T8 in our patient. Next step?"),
    (CORD, "A patient with renal cell carcinoma cannot lift her legs, no pain"),
    (CORD, "Patient on denosumab now has foot drop and thoracic back pain, known metastases"),
    (CORD, "suspected cauda equina in a patient with bladder cancer"),
    (CORD, "How should I treat a man with prostate cancer and paraplegia for 6 hours?"),
    # dangerous hypercalcaemia
    (CALCIUM, "my mum has breast cancer and is very confused and thirsty"),
    (CALCIUM, "My calcium is 3.6, should I go to hospital?"),
    (CALCIUM, "My dad's calcium level is 15 mg/dL and he is sleepy"),
    (CALCIUM, "The hospital said my calcium is very high and I keep vomiting"),
    (CALCIUM, "my wife has myeloma, she is drinking gallons and is hard to wake"),
    (CALCIUM, "dad has bone mets and he's constipated, thirsty and muddled"),
    (CALCIUM, "I have high calcium and I feel drowsy"),
    (CALCIUM, "I have high calcium and am very thirsty"),
    (CALCIUM, "Mum has cancer, she is peeing a lot and not making sense"),
    (CALCIUM, "My husband has lung cancer, is so thirsty and keeps being sick"),
    (CALCIUM, "my mum's calcium is through the roof and she's delirious"),
    (CALCIUM, "Patient with corrected calcium 3.9 mmol/L, what first?"),
    (CALCIUM, "70F myeloma, Ca 3.7, drowsy, creatinine 200"),
    (CALCIUM, "The patient has hypercalcaemia and is confused. Fluids first?"),
    (CALCIUM, "64 year old man with squamous lung cancer, polyuria, confusion and calcium of 14.2 mg/dL"),
    (CALCIUM, "my patient's adjusted calcium is 3.52"),
    (CALCIUM, "Patient obtunded, serum calcium 16 mg/dL, what dose of zoledronic acid?"),
    (CALCIUM, "Hypercalcemia of malignancy with seizure in this patient, what now?"),
    (CALCIUM, "calcium 3.4 mmol/L in patient with myeloma, confused"),
    # pathological fracture
    (FRACTURE, "my mum has breast cancer in her hip and heard a snap, now she can't stand"),
    (FRACTURE, "I have bone mets and my arm just broke when lifting a bag"),
    (FRACTURE, "My dad with myeloma felt a crack in his leg getting up and can't put weight on it"),
    (FRACTURE, "I have cancer in my thigh bone and it gave way today, sudden pain"),
    (FRACTURE, "my wife has metastatic cancer and her arm is bent and she can't move it"),
    (FRACTURE, "I turned over in bed, felt a pop in my hip, I have prostate cancer"),
    (FRACTURE, "Gran has lung cancer and her leg broke just stepping off the kerb"),
    (FRACTURE, "She coughed and felt a rib pop. She has breast cancer."),
    (FRACTURE, "Patient with lytic lesion of femur now unable to weight bear after hearing a crack"),
    (FRACTURE, "78F with breast cancer, pathological fracture of the humerus today"),
    (FRACTURE, "My patient with known femoral metastasis has fractured after a minor fall, what next?"),
    (FRACTURE, "Pt with renal cell mets, sudden hip pain, femur fracture on x-ray"),
    (CORD, "legs like jelly and cant walk, got bone cancer"),
    (CORD, "Patient unable to mobilise since this morning, known metastatic breast cancer"),
    (CALCIUM, "Patient is comatose with hypercalcaemia"),
    (CORD, "mum has bone cancer and is wobbly when she walks and keeps falling"),
    (CORD, "I have myeloma and my legs won't hold me"),
    (CORD, "My legs feel like lead and I've got cancer in my back"),
    (CORD, "I keep tripping over and I've got mets in my spine"),
    (CORD, "electric shocks down my spine when I bend my neck, I have breast cancer"),
    (CORD, "pt c/o band-like pain and gait disturbance, hx of ca prostate"),
    (CORD, "i have mets in my back and havent been able to pee all day"),
    (CALCIUM, "My dad who has cancer is drinking loads and sleeping all day"),
    (FRACTURE, "My mum's arm snapped while she was brushing her hair. She has myeloma."),
    (FRACTURE, "dad's leg gave way with a loud crack, he has kidney cancer"),
    (FRACTURE, "sudden pain in my thigh and I can't walk, I have bone metastases in the femur"),
    (FRACTURE, "My collarbone snapped, I have cancer"),
    (CORD, "My dad has no pain and can't move his legs. He has lung cancer."),
    (CORD, "She has no bladder trouble and cannot feel her feet, she has breast cancer"),
]

# Missed by the lists of phrases that came before the families of words.
MISSED_BEFORE = [
    (CORD, "I had breast cancer 5 years ago and now my legs are weak and my back hurts"),
    (CORD, "He was treated for prostate cancer in 2019 and now cannot walk"),
    (CORD, "I was treated for breast cancer years ago and now have severe back pain and weak legs"),
    (CORD, "My previously fit patient with renal cancer now has weak legs"),
    (CORD, "previous breast cancer, now acute urinary retention and back pain in this patient"),
    (CORD, "Is surgery indicated for this patient with MSCC and paraplegia for 12 hours?"),
    (CALCIUM, "Ca2+ 3.9 in a patient with SCC lung"),
    (CORD, "70M, ca prostate, bilateral lower limb weakness 3/5, reduced anal tone"),
    (CORD, "My bladder does not empty and I have cancer in my spine"),
    (CORD, "Haven't peed for 12 hours, have prostate cancer and back pain"),
]

NO_EMERGENCIES = [
    # questions in general
    "What are the signs of metastatic spinal cord compression?",
    "What are the red flags of cord compression?",
    "How is hypercalcaemia treated?",
    "Which patients with leg weakness need an MRI within 24 hours?",
    "Is back pain a symptom of bone metastasis?",
    "What causes pathological fractures in breast cancer?",
    "How fast must an MRI be done when cord compression is suspected?",
    "What dose of dexamethasone is given in MSCC?",
    "Can hypercalcaemia cause confusion?",
    "Explain why bone metastases can lead to paralysis",
    "What calcium level is severe hypercalcaemia?",
    "What is the risk of fracture with a Mirels score of 9?",
    "What does NICE say about retention of urine in MSCC?",
    "What should a patient with MSCC be told about lying flat?",
    "In the trial, what share of patients could walk after surgery for cord compression?",
    "How long can a patient with cord compression survive?",
    "Incidence of skeletal-related events: fracture, cord compression, hypercalcaemia",
    "What is today's standard for MSCC?",
    "Does progressive disease change the choice of bone-targeted agent?",
    "Can you give me a quiz on hypercalcaemia and confusion?",
    "dose of zoledronic acid with calcium 3.2 mmol/L and CrCl 40",
    # said of somebody, but no emergency
    "my dad has prostate cancer, what are the usual symptoms of spread to bone?",
    "I am a medical student, what are the signs of cord compression?",
    "I need the warning signs of cord compression, weak legs and so on, for a talk",
    "I'm revising for an exam: list the symptoms of hypercalcaemia",
    "We are writing a guideline on cord compression, which steroid dose do you list?",
    "How do I explain hypercalcaemia to my patient?",
    "Write a summary of MSCC for my patient leaflet",
    "My patient is on denosumab, how often should calcium be checked?",
    "Does my patient with a Mirels score of 8 need prophylactic fixation?",
    "Does denosumab lower the risk that my cancer breaks a bone?",
    "My mum takes zoledronic acid and feels tired",
    "My calcium was 2.3 last week, is that normal?",
    "My calcium is 2.6, is that high?",
    "Her calcium is 2.2 mmol/L after denosumab, what now?",
    "calcium 12 mg of supplement today",
    "My dad has bone mets and mild back pain for years, which painkiller is best?",
    "My mother has cancer and is constipated from morphine",
    "My patient is thirsty. Can he drink before the scan today?",
    "I have a fractured wrist from skiing",
    "My leg is in a cast after a football injury",
    "My mother has cancer and had a broken tooth today",
    "My friend snapped at me today because I have cancer",
    "My feet are cold. I have prostate cancer. Is that hormones?",
    "I feel heavy and tired, I have breast cancer",
    "Can my dad have a dental extraction on denosumab? His jaw is numb.",
    "Is 8 Gy in one fraction enough for bone pain now?",
    # negated
    "I have prostate cancer but no leg weakness and no back pain",
    "My mum has breast cancer. She has no numbness, can walk and has no trouble peeing.",
    "Patient denies leg weakness, no incontinence, known prostate cancer. Which imaging?",
    "The patient with breast cancer is not confused, calcium 2.4",
    "My dad has cancer. He has never been confused or thirsty.",
    "I have never had any trouble walking. I have bone mets. Is exercise safe?",
    "My patient with breast cancer has no fracture of the hip today, only arthritis",
    "Has my patient's hypercalcaemia been excluded if calcium is normal?",
    # past
    "My husband had spinal cord compression last year and has recovered. Can he have denosumab?",
    "My father broke his hip 10 years ago and now has prostate cancer. Is zoledronic acid safe?",
    "My mum was treated for hypercalcaemia two years ago. Could it come back?",
    "My legs were numb last year, but they recovered. I have prostate cancer.",
    "I broke my arm in 2015 and was told I have osteoporosis",
    # nothing of the kind
    "hello",
    "x",
]

# Flagged by those lists.
FALSE_ALARMS_BEFORE = [
    "Why did NICE say that a patient with suspected cord compression should lie flat?",
    "Which is better for a patient who cannot walk after cord compression, surgery or radiotherapy?",
    "How is acute back pain with leg weakness worked up?",
    "A man with myeloma: what is the chance of hip fracture now and later?",
    "I can't stand the taste of denosumab tablets, I have breast cancer",
    "I can't move my appointment for the bone scan, I have cancer",
    "I have difficulty using this site, I have prostate cancer",
    "Her legs are not weak. She has bone mets.",
    "The patient's leg weakness was ruled out, known breast cancer.",
    "My teacher said legs feel weak in cord compression, is that in the article?",
    "We suspect that cord compression is under-coded in our data",
    "my mum gets drowsy from morphine and constipated, is this normal?",
]


def alerts_of(question: str) -> list[str]:
    return [alert.id for alert in find_alerts(question)]


@pytest.mark.parametrize(("question", "alert"), [(question, alerts[0]) for question, alerts in FOR_RULES if alerts])
def test_an_emergency_is_flagged(question: str, alert: str) -> None:
    assert alert in alerts_of(question)


@pytest.mark.parametrize("question", [question for question, alerts in FOR_RULES if not alerts])
def test_what_comes_close_is_not_flagged(question: str) -> None:
    assert alerts_of(question) == []


@pytest.mark.parametrize(
    ("question", "alerts"),
    [
        ("My calcium is 3.49 mmol/L. I have cancer.", []),
        ("My calcium is 3.5 mmol/L. I have cancer.", [CALCIUM]),
        ("My calcium is 13.9 mg/dL. I have cancer.", []),
        ("My calcium is 14 mg/dL. I have cancer.", [CALCIUM]),
        ("My calcium is 2.79 mmol/L and I am confused. I have cancer.", []),
        ("My calcium is 2.8 mmol/L and I am confused. I have cancer.", [CALCIUM]),
        ("My calcium is 11.1 mg/dL and I am confused. I have cancer.", []),
        ("My calcium is 11.2 mg/dL and I am confused. I have cancer.", [CALCIUM]),
        ("My calcium is 350 and I have cancer.", []),
    ],
)
def test_calcium_levels_are_those_of_the_table_in_both_units(question: str, alerts: list[str]) -> None:
    assert alerts_of(question) == alerts


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        ("My legs are weak. I have cancer.", "My legs are not weak. I have cancer."),
        ("I have cancer and no feeling in my legs", "I have cancer and no weakness in my legs"),
        ("I have cancer and numb legs", "I have no cancer and numb legs"),
        ("I have cancer. No pain, but my legs are weak.", "I have cancer. No pain, numbness or weakness in my legs."),
        ("I have cancer. Is it bad that my legs are numb?", "I have cancer. Is it bad if legs ever go numb?"),
        ("I have cancer. My legs went numb two days ago.", "I have cancer. My legs went numb two years ago."),
        ("He has cancer and has symptoms of weak legs", "He has cancer and asks about symptoms of weak legs"),
        ("I have cancer and I can't stand up", "I have cancer and I can't stand the food"),
        ("Revising for finals with cancer, and since today my legs are numb", "Revising for finals: in cancer, legs are numb since today"),
    ],
)
def test_one_word_makes_the_difference(told: str, denied: str) -> None:
    assert alerts_of(told) == [CORD]
    assert alerts_of(denied) == []


def test_every_name_of_the_table_is_known_and_used() -> None:
    table = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))
    signs, families = table["signs"], table["families"]
    in_groups = {name for rule in table["alerts"] for group in rule["any_of"] for name in group}
    in_lines = {name for lines in signs.values() for line in lines for name in line}
    assert in_groups <= set(signs) | set(families) | set(CONTEXTS)
    assert in_lines <= set(families)
    within = {name for name in families if any("{" + name + "}" in patterns for patterns in families.values())}
    by_code = {"cancer", "cancer_free", "calcium_word", "calcium_dangerous", "opioid_blamed"}
    assert set(signs) - in_groups == set()
    assert set(families) - in_groups - in_lines - within - by_code == set()


@pytest.mark.parametrize(
    "piece", ["a", "1", "if my ", "no pain, ", "can't ", "legs weak ", "calcium 3.", "cancer", "walk ", "- ", "?", "… "]
)
@pytest.mark.timeout(10, func_only=False)
def test_a_long_text_does_not_send_a_pattern_into_endless_search(piece: str) -> None:
    assert isinstance(alerts_of((piece * 5000)[:5000]), list)


@pytest.mark.parametrize(("alert", "question"), [*EMERGENCIES, *MISSED_BEFORE])
def test_an_emergency_of_the_first_list_is_flagged(alert: str, question: str) -> None:
    assert alert in alerts_of(question)


@pytest.mark.parametrize("row", [*NO_EMERGENCIES, *FALSE_ALARMS_BEFORE])
def test_questions_of_the_first_list_call_no_alert(row: str) -> None:
    assert alerts_of(row) == []


def test_alerts_come_in_the_order_of_the_table() -> None:
    both = "My calcium is 3.9 and I am confused. I have myeloma and my legs are weak."
    assert alerts_of(both) == [CORD, CALCIUM]


def test_line_breaks_and_double_spaces_change_nothing() -> None:
    assert alerts_of("My dad has\nprostate  cancer and can't\n move his legs") == [CORD]


def test_an_alert_says_what_it_is_and_what_to_do_on_one_line() -> None:
    table = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))
    questions = {CORD: EMERGENCIES[0][1], CALCIUM: "My calcium is 3.6", FRACTURE: "My arm just broke when lifting a bag, I have cancer"}
    assert {rule["id"] for rule in table["alerts"]} == set(questions)
    for name, question in questions.items():
        (alert,) = find_alerts(question)
        assert alert.id == name
        assert alert.title
        assert "999" in alert.message
        assert "112" in alert.message
        assert "\n" not in alert.message
