"""What people come with and what is done about it: codes, names, seasons, prices.

Diagnoses are ICD-10, drugs ATC, tests LOINC; operations carry codes of the
ICD-9-CM-3 list that Chinese hospitals bill by. Every name is Chinese first with
the English as the coding's display.
"""

from __future__ import annotations

from dataclasses import dataclass

# Weights of the months, January first.
FLAT = (1,) * 12
WINTER = (1.8, 1.5, 1.2, 0.9, 0.7, 0.6, 0.5, 0.5, 0.7, 0.9, 1.2, 1.6)
SUMMER = (0.5, 0.5, 0.6, 0.9, 1.2, 1.6, 1.9, 1.8, 1.3, 0.8, 0.5, 0.5)
SPRING = (0.6, 0.8, 1.6, 1.9, 1.5, 0.9, 0.7, 0.7, 1.0, 1.0, 0.7, 0.6)
EARLY_SUMMER = (0.3, 0.3, 0.5, 1.4, 2.3, 2.4, 1.6, 0.8, 0.9, 0.9, 0.5, 0.3)
CHECKUP_SEASON = (0.4, 0.5, 1.2, 1.3, 1.2, 1.1, 0.9, 0.9, 1.2, 1.3, 1.3, 0.9)
FLU = "flu"  # drawn from the wave of the year, see seasons.py


@dataclass(frozen=True, slots=True)
class Test:
    code: str
    zh: str
    en: str
    unit: str
    low: float | None
    high: float | None
    mean: float
    sd: float
    digits: int = 1
    kind: str = "laboratory"
    price: float = 20


@dataclass(frozen=True, slots=True)
class Drug:
    code: str
    zh: str
    en: str
    dose: str
    days: int
    price: float


@dataclass(frozen=True, slots=True)
class Disease:
    """``rates``: relative frequency for a child, an adult, an old person."""

    code: str
    zh: str
    en: str
    dept: str
    rates: tuple[float, float, float]
    season: tuple | str = FLAT
    sex: str = ""
    drugs: tuple = ()
    tests: tuple = ()  # (test, shift of the mean in standard deviations)
    imaging: tuple = ()  # (name, price)
    emergency: float = 0.0
    admit: float = 0.0
    stay: tuple = (4, 9)
    operation: str = ""
    chronic_every: int = 0  # days between visits, 0 for what passes


TESTS = {
    t.code: t
    for t in (
        Test("8480-6", "收缩压", "Systolic blood pressure", "mmHg", 90, 139, 122, 9, 0, "vital-signs", 0),
        Test("8462-4", "舒张压", "Diastolic blood pressure", "mmHg", 60, 89, 76, 7, 0, "vital-signs", 0),
        Test("8867-4", "心率", "Heart rate", "/min", 60, 100, 76, 8, 0, "vital-signs", 0),
        Test("8310-5", "体温", "Body temperature", "Cel", 36.0, 37.2, 36.6, 0.2, 1, "vital-signs", 0),
        Test("29463-7", "体重", "Body weight", "kg", None, None, 64, 10, 1, "vital-signs", 0),
        Test("39156-5", "体质指数", "Body mass index", "kg/m2", 18.5, 23.9, 23.2, 2.6, 1, "vital-signs", 0),
        Test("59408-5", "血氧饱和度", "Oxygen saturation", "%", 95, 100, 98, 0.8, 0, "vital-signs", 0),
        Test("14771-0", "空腹血糖", "Fasting glucose", "mmol/L", 3.9, 6.1, 5.2, 0.4, 1, "laboratory", 8),
        Test("4548-4", "糖化血红蛋白", "Haemoglobin A1c", "%", 4.0, 6.0, 5.4, 0.3, 1, "laboratory", 65),
        Test("22748-8", "低密度脂蛋白胆固醇", "LDL cholesterol", "mmol/L", None, 3.4, 2.8, 0.5, 2, "laboratory", 12),
        Test("14927-8", "甘油三酯", "Triglycerides", "mmol/L", None, 1.7, 1.3, 0.4, 2, "laboratory", 10),
        Test("14682-9", "肌酐", "Creatinine", "umol/L", 44, 106, 72, 11, 0, "laboratory", 10),
        Test("14933-6", "尿酸", "Uric acid", "umol/L", 155, 428, 320, 55, 0, "laboratory", 10),
        Test("6690-2", "白细胞计数", "Leukocytes", "10*9/L", 3.5, 9.5, 6.3, 1.2, 1, "laboratory", 20),
        Test("718-7", "血红蛋白", "Haemoglobin", "g/L", 115, 175, 140, 10, 0, "laboratory", 20),
        Test("777-3", "血小板计数", "Platelets", "10*9/L", 125, 350, 230, 40, 0, "laboratory", 20),
        Test("1988-5", "C反应蛋白", "C-reactive protein", "mg/L", None, 8, 2.5, 1.5, 1, "laboratory", 30),
        Test("1742-6", "丙氨酸氨基转移酶", "Alanine aminotransferase", "U/L", 7, 50, 22, 8, 0, "laboratory", 10),
        Test("11579-0", "促甲状腺激素", "Thyrotropin", "mIU/L", 0.27, 4.2, 2.1, 0.7, 2, "laboratory", 40),
        Test("6301-6", "国际标准化比值", "INR", "1", 0.8, 1.2, 1.0, 0.06, 2, "laboratory", 25),
        Test("2039-6", "癌胚抗原", "Carcinoembryonic antigen", "ug/L", None, 5, 2.0, 0.8, 1, "laboratory", 60),
        Test("24467-3", "CD4淋巴细胞计数", "CD4 cells", "10*6/L", 500, 1600, 800, 120, 0, "laboratory", 120),
        Test("44261-6", "PHQ-9评分", "PHQ-9 score", "{score}", None, 4, 3, 1.5, 0, "survey", 30),
        Test("19080-1", "人绒毛膜促性腺激素", "Choriogonadotropin", "IU/L", None, 5, 2, 0.5, 1, "laboratory", 60),
    )
}  # fmt: skip

DRUGS = {
    d.code: d
    for d in (
        Drug("C08CA01", "苯磺酸氨氯地平片 5mg", "Amlodipine 5 mg tablet", "每日1次 每次1片", 28, 32),
        Drug("C09CA03", "缬沙坦胶囊 80mg", "Valsartan 80 mg capsule", "每日1次 每次1粒", 28, 45),
        Drug("A10BA02", "盐酸二甲双胍片 0.5g", "Metformin 500 mg tablet", "每日3次 每次1片", 30, 38),
        Drug("A10BK01", "达格列净片 10mg", "Dapagliflozin 10 mg tablet", "每日1次 每次1片", 30, 120),
        Drug("C10AA05", "阿托伐他汀钙片 20mg", "Atorvastatin 20 mg tablet", "每晚1次 每次1片", 28, 56),
        Drug("B01AC06", "阿司匹林肠溶片 100mg", "Aspirin 100 mg tablet", "每日1次 每次1片", 30, 15),
        Drug("B01AA03", "华法林钠片 2.5mg", "Warfarin 2.5 mg tablet", "每晚1次 按INR调整", 28, 22),
        Drug("H03AA01", "左甲状腺素钠片 50ug", "Levothyroxine 50 ug tablet", "每晨1次 每次1片", 30, 28),
        Drug("R03AK07", "布地奈德福莫特罗吸入剂", "Budesonide/formoterol inhaler", "每日2次 每次1吸", 30, 168),
        Drug("J01CA04", "阿莫西林胶囊 0.5g", "Amoxicillin 500 mg capsule", "每日3次 每次1粒", 7, 18),
        Drug("J01DC02", "头孢呋辛酯片 0.25g", "Cefuroxime 250 mg tablet", "每日2次 每次1片", 7, 42),
        Drug("J01MA12", "左氧氟沙星片 0.5g", "Levofloxacin 500 mg tablet", "每日1次 每次1片", 7, 35),
        Drug("J05AH02", "磷酸奥司他韦胶囊 75mg", "Oseltamivir 75 mg capsule", "每日2次 每次1粒", 5, 98),
        Drug("N02BE01", "对乙酰氨基酚片 0.5g", "Paracetamol 500 mg tablet", "发热时1片", 3, 9),
        Drug("M01AE01", "布洛芬缓释胶囊 0.3g", "Ibuprofen 300 mg capsule", "每日2次 每次1粒", 5, 19),
        Drug("A02BC01", "奥美拉唑肠溶胶囊 20mg", "Omeprazole 20 mg capsule", "每日1次 每次1粒", 14, 36),
        Drug("A07BC05", "蒙脱石散 3g", "Diosmectite 3 g powder", "每日3次 每次1袋", 3, 16),
        Drug("R06AE07", "盐酸西替利嗪片 10mg", "Cetirizine 10 mg tablet", "每晚1次 每次1片", 7, 21),
        Drug("R05CB06", "氨溴索口服液", "Ambroxol oral solution", "每日3次 每次10ml", 5, 26),
        Drug("N06AB06", "盐酸舍曲林片 50mg", "Sertraline 50 mg tablet", "每晨1次 每次1片", 28, 88),
        Drug("N05BA12", "阿普唑仑片 0.4mg", "Alprazolam 0.4 mg tablet", "睡前1片", 7, 12),
        Drug("J05AR13", "艾考恩丙替片", "Integrase inhibitor combination", "每日1次 每次1片", 30, 0),
        Drug("M05BA04", "阿仑膦酸钠片 70mg", "Alendronate 70 mg tablet", "每周1次 每次1片", 28, 62),
        Drug("L01XX", "化疗方案药物", "Chemotherapy regimen", "按方案", 1, 1850),
        Drug("G03GA02", "促性腺激素注射剂", "Gonadotropin injection", "每日1次 皮下注射", 8, 960),
        Drug("B03AE", "叶酸片 0.4mg", "Folic acid 0.4 mg tablet", "每日1次 每次1片", 30, 14),
        Drug("S01AA11", "妥布霉素滴眼液", "Tobramycin eye drops", "每日4次 每次1滴", 7, 24),
        Drug("D07AC13", "糠酸莫米松乳膏", "Mometasone cream", "每日1次 外用", 10, 29),
        Drug("G01AF02", "克霉唑阴道片", "Clotrimazole vaginal tablet", "每晚1次", 6, 33),
        Drug("ZT001", "中药饮片 7剂", "Herbal decoction, 7 packs", "每日1剂 水煎服", 7, 210),
    )
}  # fmt: skip

# code: name zh, en, price of the operation, of the material
OPERATIONS = {
    "47.01": ("腹腔镜阑尾切除术", "Laparoscopic appendectomy", 4200, 1800),
    "51.23": ("腹腔镜胆囊切除术", "Laparoscopic cholecystectomy", 5600, 2600),
    "81.54": ("全膝关节置换术", "Total knee replacement", 9800, 24000),
    "13.41": (
        "白内障超声乳化联合人工晶体植入术",
        "Phacoemulsification with lens",
        3600,
        2900,
    ),
    "36.06": ("冠状动脉支架植入术", "Coronary stent", 12800, 8200),
    "68.29": ("子宫肌瘤剔除术", "Myomectomy", 5200, 1900),
    "79.02": ("桡骨骨折闭合复位术", "Closed reduction of radius", 860, 320),
    "32.4": ("胸腔镜肺叶切除术", "Thoracoscopic lobectomy", 14800, 9600),
    "85.4": ("乳腺癌改良根治术", "Modified radical mastectomy", 8800, 2100),
    "45.7": ("腹腔镜结肠切除术", "Laparoscopic colectomy", 11800, 7400),
    "56.0": ("输尿管镜碎石取石术", "Ureteroscopic lithotripsy", 5200, 2400),
    "45.13": ("电子胃镜检查", "Gastroscopy", 420, 90),
    "74.1": ("子宫下段剖宫产术", "Caesarean section", 4800, 1600),
    "73.59": ("阴道分娩", "Vaginal delivery", 2600, 500),
    "69.92": ("胚胎移植术", "Embryo transfer", 6200, 2400),
}

_RESP = (("6690-2", 1.2), ("1988-5", 6))
_BP = (("8480-6", 1.9), ("8462-4", 1.6))
DISEASES = (
    Disease("J11.1", "流行性感冒", "Influenza", "RES", (9, 4, 4), FLU,
            drugs=("J05AH02", "N02BE01"), tests=(("8310-5", 9), ("6690-2", -1.2)), emergency=0.25),
    Disease("J06.9", "急性上呼吸道感染", "Acute upper respiratory infection", "RES", (16, 6, 4), WINTER,
            drugs=("N02BE01", "R05CB06"), tests=(("8310-5", 5), ("6690-2", 0.6)), emergency=0.15),
    Disease("J20.9", "急性支气管炎", "Acute bronchitis", "RES", (7, 3, 4), WINTER,
            drugs=("J01DC02", "R05CB06"), tests=_RESP),
    Disease("J18.9", "肺炎", "Pneumonia", "RES", (4, 1, 3), WINTER,
            drugs=("J01MA12", "R05CB06"), tests=(("8310-5", 8), ("1988-5", 20), ("6690-2", 4)),
            imaging=(("胸部CT", 260),), emergency=0.3, admit=0.45, stay=(5, 11)),
    Disease("A09.9", "感染性腹泻", "Infectious gastroenteritis", "GAS", (6, 2, 2), SUMMER,
            drugs=("A07BC05",), tests=(("6690-2", 1.5),), emergency=0.35),
    Disease("B08.4", "手足口病", "Hand, foot and mouth disease", "PED", (7, 0, 0), EARLY_SUMMER,
            drugs=("N02BE01",), tests=(("8310-5", 6),)),
    Disease("K29.7", "胃炎", "Gastritis", "GAS", (0.2, 5, 4), drugs=("A02BC01",),
            imaging=(("碳13尿素呼气试验", 180),)),
    Disease("K35.8", "急性阑尾炎", "Acute appendicitis", "GSU", (0.5, 0.7, 0.4),
            tests=(("6690-2", 5), ("1988-5", 15)), imaging=(("腹部超声", 160),),
            emergency=1, admit=1, stay=(3, 6), operation="47.01"),
    Disease("K80.2", "胆囊结石", "Gallstones", "GSU", (0, 0.9, 1.4), tests=(("1742-6", 1.5),),
            imaging=(("腹部超声", 160),), emergency=0.2, admit=0.8, stay=(3, 7), operation="51.23"),
    Disease("N39.0", "泌尿道感染", "Urinary tract infection", "URO", (0.5, 2, 2), SUMMER, "female",
            drugs=("J01MA12",), tests=(("6690-2", 1.5),)),
    Disease("N20.1", "输尿管结石", "Ureteric stone", "URO", (0, 1.2, 0.8), SUMMER,
            drugs=("M01AE01",), imaging=(("泌尿系CT", 260),), emergency=0.6, admit=0.3,
            stay=(2, 5), operation="56.0"),
    Disease("L50.9", "荨麻疹", "Urticaria", "DER", (2, 2.4, 1), SPRING, drugs=("R06AE07",)),
    Disease("L30.9", "湿疹", "Eczema", "DER", (2, 2.6, 2), FLAT, drugs=("D07AC13",)),
    Disease("J30.4", "过敏性鼻炎", "Allergic rhinitis", "ENT", (4, 3, 1), SPRING, drugs=("R06AE07",)),
    Disease("H10.9", "结膜炎", "Conjunctivitis", "OPH", (2, 1.6, 1), SPRING, drugs=("S01AA11",)),
    Disease("H25.9", "老年性白内障", "Senile cataract", "OPH", (0, 0, 3.2), admit=0.6, stay=(1, 2),
            operation="13.41"),
    Disease("K02.9", "龋齿", "Dental caries", "DEN", (4, 5, 3)),
    Disease("S52.5", "桡骨远端骨折", "Fracture of lower end of radius", "ORT", (1, 0.5, 1.6), WINTER,
            drugs=("M01AE01",), imaging=(("X线摄片", 80),), emergency=1, operation="79.02"),
    Disease("S61.9", "手部开放性损伤", "Open wound of hand", "EMR", (1.5, 2.2, 1), emergency=1,
            drugs=("J01DC02",)),
    Disease("M54.5", "腰痛", "Low back pain", "ORT", (0, 4, 4), drugs=("M01AE01",),
            imaging=(("腰椎MRI", 620),)),
    Disease("M17.9", "膝关节骨关节炎", "Osteoarthritis of knee", "ORT", (0, 0.5, 4), WINTER,
            drugs=("M01AE01",), imaging=(("X线摄片", 80),), admit=0.12, stay=(7, 14), operation="81.54"),
    Disease("R53", "体虚调理", "Malaise and fatigue", "TCM", (0.5, 3, 4), drugs=("ZT001",)),
    Disease("N76.0", "急性阴道炎", "Acute vaginitis", "GYN", (0, 5, 1), SUMMER, "female", drugs=("G01AF02",)),
    Disease("D25.9", "子宫肌瘤", "Uterine leiomyoma", "GYN", (0, 1.4, 0.1), sex="female",
            imaging=(("妇科超声", 140),), admit=0.35, stay=(4, 8), operation="68.29"),
    Disease("I21.9", "急性心肌梗死", "Acute myocardial infarction", "CAR", (0, 0.15, 0.9), WINTER,
            drugs=("B01AC06", "C10AA05"), tests=(("8867-4", 3), ("22748-8", 2)), emergency=1, admit=1,
            stay=(6, 12), operation="36.06"),
    Disease("I63.9", "脑梗死", "Cerebral infarction", "NEU", (0, 0.15, 1.5), WINTER,
            drugs=("B01AC06", "C10AA05"), tests=_BP, imaging=(("头颅MRI", 680),), emergency=1, admit=1,
            stay=(8, 15)),
)  # fmt: skip
CHRONIC = (
    Disease("I10", "高血压病", "Essential hypertension", "CAR", (0, 0.10, 0.48), WINTER,
            drugs=("C08CA01", "C09CA03"), tests=_BP, chronic_every=75),
    Disease("E11.9", "2型糖尿病", "Type 2 diabetes mellitus", "END", (0, 0.05, 0.2),
            drugs=("A10BA02", "A10BK01"), tests=(("14771-0", 6), ("4548-4", 6), ("14682-9", 0.8)),
            chronic_every=80),
    Disease("I25.1", "冠状动脉粥样硬化性心脏病", "Coronary heart disease", "CAR", (0, 0.01, 0.14),
            WINTER, drugs=("B01AC06", "C10AA05"), tests=(("22748-8", 0.8), ("8480-6", 1)),
            chronic_every=85, admit=0.04),
    Disease("I48.9", "心房颤动", "Atrial fibrillation", "CAR", (0, 0.003, 0.05),
            drugs=("B01AA03",), tests=(("6301-6", 20), ("8867-4", 1)), chronic_every=45),
    Disease("E78.5", "高脂血症", "Hyperlipidaemia", "CAR", (0, 0.05, 0.1), drugs=("C10AA05",),
            tests=(("22748-8", 2.4), ("14927-8", 2)), chronic_every=120),
    Disease("J44.9", "慢性阻塞性肺疾病", "Chronic obstructive pulmonary disease", "RES",
            (0, 0.005, 0.09), WINTER, drugs=("R03AK07",), tests=(("59408-5", -4),), chronic_every=80,
            admit=0.07),
    Disease("J45.9", "支气管哮喘", "Asthma", "RES", (0.05, 0.015, 0.02), SPRING, drugs=("R03AK07",),
            tests=(("59408-5", -2),), chronic_every=100),
    Disease("E03.9", "甲状腺功能减退症", "Hypothyroidism", "END", (0, 0.02, 0.03),
            drugs=("H03AA01",), tests=(("11579-0", 3),), chronic_every=90),
    Disease("M81.0", "绝经后骨质疏松", "Postmenopausal osteoporosis", "ORT", (0, 0.005, 0.14),
            sex="female", drugs=("M05BA04",), chronic_every=120),
    Disease("F32.9", "抑郁发作", "Depressive episode", "PSY", (0.005, 0.02, 0.02),
            drugs=("N06AB06",), tests=(("44261-6", 6),), chronic_every=45),
    Disease("F41.9", "焦虑障碍", "Anxiety disorder", "PSY", (0.005, 0.02, 0.015),
            drugs=("N06AB06", "N05BA12"), tests=(("44261-6", 3),), chronic_every=50),
    Disease("B24", "人类免疫缺陷病毒病", "HIV disease", "INF", (0, 0.003, 0.0005),
            drugs=("J05AR13",), tests=(("24467-3", -2.2),), chronic_every=90),
    Disease("N97.9", "女性不孕症", "Female infertility", "REP", (0, 0.02, 0), sex="female",
            drugs=("G03GA02", "B03AE"), tests=(("19080-1", 0),), chronic_every=40, operation="69.92"),
    Disease("C34.9", "肺恶性肿瘤", "Malignant neoplasm of lung", "ONC", (0, 0.003, 0.02),
            drugs=("L01XX",), tests=(("2039-6", 9), ("718-7", -2), ("6690-2", -1)), chronic_every=30,
            admit=0.4, stay=(3, 6), operation="32.4"),
    Disease("C50.9", "乳腺恶性肿瘤", "Malignant neoplasm of breast", "ONC", (0, 0.006, 0.008),
            sex="female", drugs=("L01XX",), tests=(("2039-6", 3), ("718-7", -1.6)), chronic_every=40,
            admit=0.3, stay=(3, 6), operation="85.4"),
    Disease("C18.9", "结肠恶性肿瘤", "Malignant neoplasm of colon", "ONC", (0, 0.002, 0.013),
            drugs=("L01XX",), tests=(("2039-6", 8), ("718-7", -2)), chronic_every=35, admit=0.35,
            stay=(3, 6), operation="45.7"),
)  # fmt: skip
BY_CODE = {d.code: d for d in DISEASES + CHRONIC}
# substance, category, criticality, reaction
ALLERGIES = (
    (
        "7980",
        "青霉素 (Penicillin)",
        "Penicillin",
        "medication",
        "high",
        "皮疹、呼吸困难",
        34,
    ),
    (
        "2180",
        "头孢类抗生素 (Cephalosporin)",
        "Cephalosporin",
        "medication",
        "high",
        "过敏性休克史",
        14,
    ),
    ("10831", "磺胺类 (Sulfonamide)", "Sulfonamide", "medication", "low", "皮疹", 9),
    ("1191", "阿司匹林 (Aspirin)", "Aspirin", "medication", "low", "哮喘", 5),
    (
        "iodine",
        "碘造影剂 (Iodinated contrast)",
        "Iodinated contrast",
        "medication",
        "high",
        "荨麻疹",
        6,
    ),
    ("shrimp", "海鲜 (Seafood)", "Seafood", "food", "low", "皮肤瘙痒", 14),
    ("peanut", "花生 (Peanut)", "Peanut", "food", "high", "喉头水肿", 4),
    ("pollen", "花粉 (Pollen)", "Pollen", "environment", "low", "鼻塞、流涕", 9),
    ("mite", "尘螨 (Dust mite)", "Dust mite", "environment", "low", "喷嚏", 5),
)
CHECKUP_TESTS = (
    "8480-6",
    "8462-4",
    "39156-5",
    "14771-0",
    "22748-8",
    "14927-8",
    "14933-6",
    "1742-6",
    "718-7",
)
CHECKUP_PACKAGES = (
    ("基础体检套餐", 480),
    ("标准体检套餐", 980),
    ("尊享体检套餐", 2680),
)
